import { describe, expect, it } from 'vitest';
import { type Caller, startTestApp } from './support/app.ts';
import { prepareDemo, send } from './support/demo.ts';
import { mutate, pathsOf } from './support/mutate.ts';
import { statementsOf } from './support/statements.ts';

const app = await startTestApp();

const upsert = (by: object, profile: object = {}, caller: Caller = app) =>
  mutate(
    caller,
    'upsertIdentity',
    { identity: by, ...profile },
    'created identity { id externalId name phone email metadata stage { key } }',
  );
const remove = (by: object, caller: Caller = app) =>
  mutate(
    caller,
    'deleteIdentity',
    { identity: by },
    'erasure { identityId conversations turns messages memoryEntries transitions prompts }',
  );
const find = async (by: object, caller: Caller = app) =>
  (await caller.query('query ($by: IdentityReference!) { identity(by: $by) { id externalId } }', { by })).identity;
const tokenFor = async (by: object, more: object = {}) => {
  const { token } = await mutate(app, 'createAccessToken', { identity: by, ...more }, 'token');
  return app.withCredential(token);
};

describe('upsertIdentity', () => {
  it('creates an identity for an external id nobody has', async () => {
    const { created, identity } = await upsert({ externalId: 'user-1' }, { name: 'Ada', metadata: { plan: 'pro' } });
    expect(created).toBe(true);
    expect(identity).toMatchObject({
      externalId: 'user-1',
      name: 'Ada',
      phone: null,
      metadata: { plan: 'pro' },
      stage: null,
    });
    expect(identity.id).toMatch(/^idn_/);
  });

  it('keeps what is omitted and clears what is null', async () => {
    await upsert({ externalId: 'user-2' }, { name: 'Grace', phone: '+1', metadata: { a: 1 } });
    const { created, identity } = await upsert({ externalId: 'user-2' }, { phone: null, email: 'g@example.org' });
    expect(created).toBe(false);
    expect(identity).toMatchObject({ name: 'Grace', phone: null, email: 'g@example.org', metadata: { a: 1 } });
  });

  it('finds an identity without changing it when nothing is given', async () => {
    const { identity } = await upsert({ externalId: 'unchanged' }, { name: 'Same' });
    expect(await upsert({ externalId: 'unchanged' })).toMatchObject({ created: false, identity });
  });

  it('changes the external id', async () => {
    const { identity } = await upsert({ externalId: 'old-name' });
    await upsert({ id: identity.id }, { externalId: 'new-name' });
    expect(await find({ externalId: 'new-name' })).toMatchObject({ id: identity.id });
    expect(await find({ externalId: 'old-name' })).toBeNull();
  });

  it('answers a conflict when the new external id is taken', async () => {
    await upsert({ externalId: 'taken' });
    await upsert({ externalId: 'wants-it' });
    for (const externalId of ['wants-it', 'nobody-yet']) {
      expect(await upsert({ externalId }, { externalId: 'taken' })).toMatchObject({ __typename: 'ConflictError' });
    }
    expect(await find({ externalId: 'nobody-yet' })).toBeNull();
  });

  it('makes one identity of simultaneous calls', async () => {
    const calls = Array.from({ length: 8 }, (_, nth) => upsert({ externalId: 'race' }, { name: `Nr ${nth}` }));
    const results = await Promise.all(calls);
    expect(results.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(results.map(({ identity }) => identity.id)).size).toBe(1);
  });

  it('does not create an identity for an unknown id', async () => {
    expect(await upsert({ id: 'idn_01m7xb1a9qenfvgb7ykx77vyn2' })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await upsert({ id: 'idn_typo' })).toMatchObject({ code: 'NOT_FOUND' });
  });

  it.each([
    ['an external id that looks like an id', { externalId: 'idn_mine' }, {}, 'externalId'],
    ['a blank external id', { externalId: ' ' }, {}, 'externalId'],
    ['an external id of 201 characters', { externalId: 'x'.repeat(201) }, {}, 'externalId'],
    ['an external id with a NUL', { externalId: 'a\u0000' }, {}, 'externalId'],
    ['an external id that is cleared', { externalId: 'user-3' }, { externalId: null }, 'externalId'],
    ['a long name', { externalId: 'user-3' }, { name: 'x'.repeat(201) }, 'name'],
    ['large metadata', { externalId: 'user-3' }, { metadata: { x: 'x'.repeat(20_000) } }, 'metadata'],
  ])('refuses %s', async (_what, by, profile, path) => {
    expect(pathsOf(await upsert(by, profile))).toEqual([path]);
  });

  it('is forbidden to a key that only reads', async () => {
    expect(await upsert({ externalId: 'x' }, {}, await app.withPermissions('READ'))).toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  it('works with a key that only writes', async () => {
    const writer = await app.withPermissions('WRITE');
    const input = { identity: { externalId: 'written' } };
    expect(await mutate(writer, 'upsertIdentity', input, 'created identity { externalId }')).toMatchObject({
      created: true,
    });
  });
});

describe('identities', () => {
  const LIST = `query ($stage: StageReference, $search: String) {
    identities(stage: $stage, search: $search) { edges { node { externalId } } }
  }`;
  const listIn = async (caller: Caller, filter: object) =>
    (await caller.query(LIST, filter)).identities.edges.map(
      ({ node }: { node: { externalId: string } }) => node.externalId,
    );

  it('are searched by part of a name, email, phone or external id, in any case', async () => {
    const other = await app.stranger();
    await upsert({ externalId: 'ext-ONE' }, { name: 'Ann' }, other);
    await upsert({ externalId: 'two' }, { email: 'Ann@example.org' }, other);
    await upsert({ externalId: 'three' }, { phone: '+55 11 98' }, other);
    expect(await listIn(other, { search: 'aNN' })).toEqual(['ext-ONE', 'two']);
    expect(await listIn(other, { search: '11 9' })).toEqual(['three']);
    expect(await listIn(other, { search: 'ext-one' })).toEqual(['ext-ONE']);
  });

  it('are searched for the very characters, not for patterns', async () => {
    const other = await app.stranger();
    await upsert({ externalId: 'a_b' }, { name: '100%' }, other);
    await upsert({ externalId: 'axb' }, { name: 'back\\slash' }, other);
    expect(await listIn(other, { search: 'a_b' })).toEqual(['a_b']);
    expect(await listIn(other, { search: '%' })).toEqual(['a_b']);
    expect(await listIn(other, { search: '\\' })).toEqual(['axb']);
  });

  it('are filtered by the stage they are in', async () => {
    const other = await app.stranger();
    await mutate(other, 'createStage', { name: 'Inside' });
    await upsert({ externalId: 'in' }, {}, other);
    await upsert({ externalId: 'out' }, {}, other);
    await mutate(other, 'assignStage', { identity: { externalId: 'in' }, stage: { key: 'inside' } });
    expect(await listIn(other, { stage: { key: 'inside' } })).toEqual(['in']);
    expect(await listIn(other, { stage: { key: 'unknown' } })).toEqual([]);
  });

  it('cost one statement with their stages, transitions and memory', async () => {
    const list = () =>
      app.query(`{
        identities(first: 100) {
          edges { node { stage { key } memory { key } transitions(first: 5) { edges { node { toStage { key } } } } } }
        }
      }`);
    await list();
    expect(await statementsOf(list)).toHaveLength(1);
  });

  it('of another workspace are missing', async () => {
    const { identity } = await upsert({ externalId: 'private' });
    const other = await app.stranger();
    expect(await find({ id: identity.id }, other)).toBeNull();
    expect(await find({ externalId: 'private' }, other)).toBeNull();
    expect((await other.query('query ($id: ID!) { node(id: $id) { id } }', { id: identity.id })).node).toBeNull();
    expect(await listIn(other, {})).toEqual([]);
    expect(await upsert({ id: identity.id }, { name: 'Stolen' }, other)).toMatchObject({ code: 'NOT_FOUND' });
    expect(await remove({ id: identity.id }, other)).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('deleteIdentity', () => {
  it('erases everything about the identity and says how much', async () => {
    const other = await app.stranger();
    await prepareDemo(other);
    await mutate(other, 'remember', { identity: { externalId: 'ada' }, key: 'likes', value: 'tea' });
    const { id } = await find({ externalId: 'ada' }, other);
    expect((await other.rest('POST', '/conversation/ada/chat/web', { text: 'Hello' })).status).toBe(200);

    expect(await remove({ externalId: 'ada' }, other)).toMatchObject({
      erasure: {
        identityId: id,
        conversations: 1,
        turns: 1,
        messages: 2,
        memoryEntries: 1,
        transitions: 1,
        prompts: 1,
      },
    });
    expect(await find({ id }, other)).toBeNull();
    expect(await remove({ id }, other)).toMatchObject({ code: 'NOT_FOUND' });
    expect(await app.database.db.prompt.count({ where: { workspaceId: other.workspaceId } })).toBe(0);
  });

  it('keeps rendered instructions that another identity has used too', async () => {
    const other = await app.stranger();
    await prepareDemo(other);
    await other.rest('POST', '/conversation/ada/chat/web', { text: 'Hello' });
    await upsert({ externalId: 'ada' }, { externalId: 'once-ada' }, other);
    await upsert({ externalId: 'ada' }, { name: 'Ada' }, other);
    await mutate(other, 'assignStage', { identity: { externalId: 'ada' }, stage: { key: 'onboarding' } });
    await other.rest('POST', '/conversation/ada/chat/web', { text: 'Hello' });
    expect(await remove({ externalId: 'once-ada' }, other)).toMatchObject({ erasure: { turns: 1, prompts: 0 } });
    expect(await remove({ externalId: 'ada' }, other)).toMatchObject({ erasure: { turns: 1, prompts: 1 } });
  });

  it('lets the external id be used again', async () => {
    await upsert({ externalId: 'again' });
    await remove({ externalId: 'again' });
    expect(await upsert({ externalId: 'again' })).toMatchObject({ created: true });
  });
});

describe('an access token', () => {
  it('sees its own identity and no other', async () => {
    const { identity: own } = await upsert({ externalId: 'own' });
    const { identity: foreign } = await upsert({ externalId: 'not-own' });
    const holder = await tokenFor({ externalId: 'own' });
    expect(await find({ externalId: 'own' }, holder)).toEqual({ id: own.id, externalId: 'own' });
    expect(await find({ id: foreign.id }, holder)).toBeNull();
    const NODES = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } identities { edges { node { id } } } }';
    expect(await holder.query(NODES, { ids: [own.id, foreign.id] })).toEqual({
      nodes: [{ id: own.id }, null],
      identities: { edges: [{ node: { id: own.id } }] },
    });
  });

  it('changes neither its identity nor its stage', async () => {
    await upsert({ externalId: 'fixed' });
    const holder = await tokenFor({ externalId: 'fixed' });
    const identity = { externalId: 'fixed' };
    expect(await upsert(identity, { name: 'Me' }, holder)).toMatchObject({ code: 'FORBIDDEN' });
    expect(await remove(identity, holder)).toMatchObject({ code: 'FORBIDDEN' });
    expect(await mutate(holder, 'assignStage', { identity, stage: { key: 'any' } })).toMatchObject({
      code: 'FORBIDDEN',
    });
    expect(await mutate(holder, 'createAccessToken', { identity })).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('lives for 15 minutes unless told otherwise', async () => {
    await upsert({ externalId: 'short-lived' });
    const input = { identity: { externalId: 'short-lived' } };
    const { expiresAt } = await mutate(app, 'createAccessToken', input, 'expiresAt');
    const minutes = (Date.parse(expiresAt) - Date.now()) / 60_000;
    expect(minutes).toBeGreaterThan(14.9);
    expect(minutes).toBeLessThanOrEqual(15);
  });

  it.each([0, 121])('cannot live for %d minutes', async (lifetimeMinutes) => {
    const input = { identity: { externalId: 'short-lived' }, lifetimeMinutes };
    expect(pathsOf(await mutate(app, 'createAccessToken', input))).toEqual(['lifetimeMinutes']);
  });

  it('cannot be allowed nothing', async () => {
    const input = { identity: { externalId: 'short-lived' }, permissions: [] };
    expect(pathsOf(await mutate(app, 'createAccessToken', input))).toEqual(['permissions']);
  });

  it('cannot be allowed more than the key that makes it', async () => {
    const writer = await app.withPermissions('WRITE');
    const identity = { externalId: 'short-lived' };
    expect(await mutate(writer, 'createAccessToken', { identity })).toMatchObject({ code: 'FORBIDDEN' });
    expect(await mutate(writer, 'createAccessToken', { identity, permissions: ['WRITE'] }, 'expiresAt')).toMatchObject({
      __typename: 'CreateAccessTokenPayload',
    });
  });

  it('that may only read sends no message', async () => {
    const other = await app.stranger();
    await prepareDemo(other);
    const input = { identity: { externalId: 'ada' }, permissions: ['READ'] };
    const { token } = await mutate(other, 'createAccessToken', input, 'token');
    expect(await send(app.withCredential(token), 'Hello')).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('is made only for an identity that exists', async () => {
    expect(await mutate(app, 'createAccessToken', { identity: { externalId: 'nobody' } })).toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});
