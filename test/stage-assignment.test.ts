import { describe, expect, it } from 'vitest';
import { type Caller, startTestApp } from './support/app.ts';
import { mutate, pathsOf } from './support/mutate.ts';
import { subscribe } from './support/subscription.ts';

const app = await startTestApp();
for (const name of ['Onboarding', 'Active', 'Former']) await mutate(app, 'createStage', { name });
await mutate(app, 'archiveStage', { stage: { key: 'former' } });

const TRANSITIONS =
  'transitions { edges { node { id fromStage { key } toStage { key } cause metadata turnId createdAt } } }';
const assign = (externalId: string, stage: string, more: object = {}, caller: Caller = app) =>
  mutate(
    caller,
    'assignStage',
    { identity: { externalId }, stage: { key: stage }, ...more },
    `identity { stage { key } stageEnteredAt ${TRANSITIONS} }`,
  );
const arrive = (...externalIds: string[]) =>
  Promise.all(externalIds.map((externalId) => mutate(app, 'upsertIdentity', { identity: { externalId } })));

describe('assignStage', () => {
  it('moves the identity and logs the move', async () => {
    await arrive('mover');
    const first = await assign('mover', 'onboarding', { metadata: { via: 'form' } });
    const { identity } = await assign('mover', 'active');
    const [one, two] = identity.transitions.edges.map(({ node }: { node: object }) => node);
    expect(identity.stage.key).toBe('active');
    expect(one).toMatchObject({
      fromStage: null,
      toStage: { key: 'onboarding' },
      cause: 'API',
      metadata: { via: 'form' },
      turnId: null,
    });
    expect(two).toMatchObject({ fromStage: { key: 'onboarding' }, toStage: { key: 'active' }, metadata: {} });
    expect(first.identity.stageEnteredAt).toBe(one.createdAt);
    expect(identity.stageEnteredAt).toBe(two.createdAt);
  });

  it('changes nothing when the identity is in the stage already', async () => {
    await arrive('stays');
    const before = await assign('stays', 'active');
    expect(await assign('stays', 'active', { metadata: { again: true } })).toEqual(before);
  });

  it('loses none of many simultaneous moves', async () => {
    await arrive('busy');
    await Promise.all(Array.from({ length: 10 }, (_, nth) => assign('busy', nth % 2 ? 'active' : 'onboarding')));
    const { identity } = await app.query(`{ identity(by: { externalId: "busy" }) { stage { key } ${TRANSITIONS} } }`);
    const moves = identity.transitions.edges.map(({ node }: { node: object }) => node);
    for (const [nth, move] of moves.entries()) expect(move.fromStage).toEqual(moves[nth - 1]?.toStage ?? null);
    expect(identity.stage).toEqual(moves.at(-1).toStage);
  });

  it('answers a conflict for an archived stage', async () => {
    await arrive('late');
    expect(await assign('late', 'former')).toMatchObject({ __typename: 'ConflictError', code: 'CONFLICT' });
  });

  it('answers where the identity really is when it is not where it is expected', async () => {
    await arrive('elsewhere');
    await assign('elsewhere', 'onboarding');
    const { result } = await app.query(`mutation {
      result: assignStage(input: {
        identity: { externalId: "elsewhere" }, stage: { key: "active" }, expectedStage: { key: "active" }
      }) { __typename ... on StageConflictError { code message actualStage { key } } }
    }`);
    expect(result).toEqual({
      __typename: 'StageConflictError',
      code: 'STAGE_CONFLICT',
      message: expect.stringContaining('"onboarding"'),
      actualStage: { key: 'onboarding' },
    });
  });

  it('answers a null stage when the identity is in none', async () => {
    await arrive('nowhere');
    const { result } = await app.query(`mutation {
      result: assignStage(input: {
        identity: { externalId: "nowhere" }, stage: { key: "active" }, expectedStage: { key: "onboarding" }
      }) { ... on StageConflictError { actualStage { key } } }
    }`);
    expect(result).toEqual({ actualStage: null });
  });

  it('lets exactly one of two moves from an expected stage through', async () => {
    await arrive('contested');
    await assign('contested', 'onboarding');
    const expectedStage = { key: 'onboarding' };
    const results = await Promise.all([
      assign('contested', 'active', { expectedStage }),
      assign('contested', 'active', { expectedStage }),
    ]);
    expect(results.map(({ __typename }) => __typename).sort()).toEqual(['AssignStagePayload', 'StageConflictError']);
  });

  it('answers NOT_FOUND for an identity or stage that does not exist', async () => {
    await arrive('known');
    expect(await assign('unknown', 'active')).toMatchObject({ code: 'NOT_FOUND' });
    expect(await assign('known', 'unknown')).toMatchObject({ code: 'NOT_FOUND' });
    expect(await assign('known', 'active', { expectedStage: { key: 'unknown' } })).toMatchObject({ code: 'NOT_FOUND' });
  });

  it("answers NOT_FOUND for another workspace's identity or stage", async () => {
    await arrive('private');
    const other = await app.stranger();
    expect(await assign('private', 'active', {}, other)).toMatchObject({ code: 'NOT_FOUND' });
    await mutate(other, 'upsertIdentity', { identity: { externalId: 'theirs' } });
    const { stage } = await app.query('{ stage(by: { key: "active" }) { id } }');
    const input = { identity: { externalId: 'theirs' }, stage: { id: stage.id } };
    expect(await mutate(other, 'assignStage', input)).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('refuses large metadata', async () => {
    await arrive('small');
    expect(pathsOf(await assign('small', 'active', { metadata: { x: 'x'.repeat(20_000) } }))).toEqual(['metadata']);
  });

  it('is forbidden to a key that only reads', async () => {
    const reader = await app.withPermissions('READ');
    expect(await assign('mover', 'active', {}, reader)).toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('stageTransitions', () => {
  const FOLLOW = `subscription ($identity: IdentityReference, $stage: StageReference) {
    stageTransitions(identity: $identity, stage: $stage) { identity { externalId } fromStage { key } toStage { key } }
  }`;
  const follow = (caller: Caller, variables: object = {}) => subscribe(app, caller, FOLLOW, variables);

  it('tells every move from now on', async () => {
    await arrive('followed');
    await assign('followed', 'onboarding');
    const moves = await follow(app);
    await assign('followed', 'active');
    expect((await moves.next()).stageTransitions).toEqual({
      identity: { externalId: 'followed' },
      fromStage: { key: 'onboarding' },
      toStage: { key: 'active' },
    });
    await moves.leave();
  });

  it('tells each of many simultaneous moves once', async () => {
    const names = Array.from({ length: 20 }, (_, nth) => `crowd-${nth}`);
    await arrive(...names);
    const moves = await follow(app);
    await Promise.all(names.map((name) => assign(name, 'active')));
    const told = [];
    for (const _ of names) told.push((await moves.next()).stageTransitions.identity.externalId);
    expect(told.sort()).toEqual(names.sort());
    await moves.leave();
  });

  it('tells of one identity only when asked to', async () => {
    await arrive('chosen', 'other');
    const moves = await follow(app, { identity: { externalId: 'chosen' } });
    await assign('other', 'active');
    await assign('chosen', 'active');
    expect((await moves.next()).stageTransitions.identity).toEqual({ externalId: 'chosen' });
    await moves.leave();
  });

  it('tells of moves into a stage and out of it', async () => {
    await arrive('through');
    const moves = await follow(app, { stage: { key: 'onboarding' } });
    await assign('through', 'active');
    await assign('through', 'onboarding');
    await assign('through', 'active');
    expect((await moves.next()).stageTransitions.toStage).toEqual({ key: 'onboarding' });
    expect((await moves.next()).stageTransitions.fromStage).toEqual({ key: 'onboarding' });
    await moves.leave();
  });

  it('tells an access token of its own identity only', async () => {
    await arrive('me', 'them');
    const { token } = await mutate(app, 'createAccessToken', { identity: { externalId: 'me' } }, 'token');
    const holder = app.withCredential(token);
    const moves = await follow(holder);
    await assign('them', 'active');
    await assign('me', 'active');
    expect((await moves.next()).stageTransitions.identity).toEqual({ externalId: 'me' });
    await moves.leave();
    await expect((await follow(holder, { identity: { externalId: 'them' } })).next()).rejects.toThrow('NOT_FOUND');
  });

  it('tells another workspace nothing', async () => {
    const other = await app.stranger();
    await mutate(other, 'createStage', { name: 'Theirs' });
    await mutate(other, 'upsertIdentity', { identity: { externalId: 'theirs' } });
    await arrive('ours');
    const moves = await follow(other);
    await assign('ours', 'active');
    await assign('theirs', 'theirs', {}, other);
    expect((await moves.next()).stageTransitions.identity).toEqual({ externalId: 'theirs' });
    await moves.leave();
  });

  it('refuses an identity or stage that does not exist', async () => {
    await expect((await follow(app, { identity: { externalId: 'unknown' } })).next()).rejects.toThrow('NOT_FOUND');
    await expect((await follow(app, { stage: { key: 'unknown' } })).next()).rejects.toThrow('NOT_FOUND');
  });
});
