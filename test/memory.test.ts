import { describe, expect, it } from 'vitest';
import { type Caller, startTestApp } from './support/app.ts';
import { mutate, pathsOf } from './support/mutate.ts';

const app = await startTestApp();
const ENTRY = 'entry { id key value source confidence createdAt updatedAt }';

const identityOf = async (externalId: string, caller: Caller = app) => {
  await mutate(caller, 'upsertIdentity', { identity: { externalId } });
  return { externalId };
};
const remember = (identity: object, key: string, value: unknown, more: object = {}, caller: Caller = app) =>
  mutate(caller, 'remember', { identity, key, value, ...more }, ENTRY);
const forget = (identity: object, key: string, caller: Caller = app) =>
  mutate(caller, 'forget', { identity, key }, 'entry { key value }');
const keysOf = async (by: object, prefix?: string, caller: Caller = app) => {
  const LIST =
    'query ($by: IdentityReference!, $prefix: String) { identity(by: $by) { memory(prefix: $prefix) { key } } }';
  const { identity } = await caller.query(LIST, { by, prefix });
  return identity.memory.map(({ key }: { key: string }) => key);
};

describe('remember', () => {
  it('keeps a value with its source and confidence', async () => {
    const ada = await identityOf('ada');
    const { entry } = await remember(ada, 'preferences.language', 'pt-BR', { source: 'form', confidence: 0.95 });
    expect(entry).toMatchObject({ key: 'preferences.language', value: 'pt-BR', source: 'form', confidence: 0.95 });
    expect(entry.id).toMatch(/^mem_/);
  });

  it('says api where nobody says the source', async () => {
    expect(await remember(await identityOf('ada'), 'plain', 1)).toMatchObject({
      entry: { source: 'api', confidence: null },
    });
  });

  it.each([
    ['a list', [1, null, { a: [] }]],
    ['an object', { a: { b: 1 } }],
    ['false', false],
    ['zero', 0],
    ['no text', ''],
  ])('keeps %s as it is', async (_what, value) => {
    expect((await remember(await identityOf('any'), 'value', value)).entry.value).toEqual(value);
  });

  it('lets the later value win and keeps the id', async () => {
    const bob = await identityOf('bob');
    const first = await remember(bob, 'plan', 'free', { source: 'form', confidence: 0.5 });
    const second = await remember(bob, 'plan', 'pro');
    expect(second.entry).toMatchObject({ id: first.entry.id, value: 'pro', source: 'api', confidence: null });
    expect(second.entry.createdAt).toBe(first.entry.createdAt);
    expect(await keysOf(bob)).toEqual(['plan']);
  });

  it('makes one entry of simultaneous writes', async () => {
    const eve = await identityOf('eve');
    const results = await Promise.all(Array.from({ length: 8 }, (_, nth) => remember(eve, 'race', nth)));
    expect(new Set(results.map(({ entry }) => entry.id)).size).toBe(1);
  });

  it.each(['', '.a', 'a.', 'a..b', 'a b', 'é', '__proto__', 'a.constructor', 'prototype.a', 'x'.repeat(201)])(
    'refuses the key "%s"',
    async (key) => {
      expect(pathsOf(await remember(await identityOf('ada'), key, 1))).toEqual(['key']);
    },
  );

  it.each<[string, { value?: unknown; confidence?: number; source?: string }, string]>([
    ['a value of more than 16 KiB', { value: 'x'.repeat(16_385) }, 'value'],
    ['a value that is nested 30 deep', { value: JSON.parse('['.repeat(30) + ']'.repeat(30)) }, 'value'],
    ['a value with a NUL', { value: { a: 'b\u0000' } }, 'value'],
    ['a confidence above 1', { confidence: 1.1 }, 'confidence'],
    ['a confidence below 0', { confidence: -0.1 }, 'confidence'],
    ['a long source', { source: 'x'.repeat(101) }, 'source'],
  ])('refuses %s', async (_what, { value = 1, ...more }, path) => {
    expect(pathsOf(await remember(await identityOf('ada'), 'refused', value, more))).toEqual([path]);
  });

  it('keeps at most 1000 keys', async () => {
    const hoarder = await identityOf('hoarder');
    const { entry } = await remember(hoarder, 'k0', 0);
    const { db } = app.database;
    const { id: _id, ...row } = await db.memoryEntry.findFirstOrThrow({ where: { id: entry.id } });
    const rows = Array.from({ length: 999 }, (_, nth) => ({
      ...row,
      value: nth,
      id: `mem_${nth}`,
      key: `k${nth + 1}`,
    }));
    await db.memoryEntry.createMany({ data: rows });
    expect(await remember(hoarder, 'one-too-many', 1)).toMatchObject({ __typename: 'LimitExceededError' });
    expect(await remember(hoarder, 'k7', 'changed')).toMatchObject({ entry: { value: 'changed' } });
  });

  it('answers NOT_FOUND for an unknown identity', async () => {
    expect(await remember({ externalId: 'nobody' }, 'a', 1)).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('is forbidden to a key that only reads and to an access token', async () => {
    const own = await identityOf('own');
    const { token } = await mutate(app, 'createAccessToken', { identity: own }, 'token');
    for (const caller of [await app.withPermissions('READ'), app.withCredential(token)]) {
      expect(await remember(own, 'a', 1, {}, caller)).toMatchObject({ code: 'FORBIDDEN' });
      expect(await forget(own, 'a', caller)).toMatchObject({ code: 'FORBIDDEN' });
    }
  });
});

describe('forget', () => {
  it('drops exactly this key and answers what it was', async () => {
    const cy = await identityOf('cy');
    await remember(cy, 'a', 1);
    await remember(cy, 'a.b', 2);
    expect(await forget(cy, 'a')).toMatchObject({ entry: { key: 'a', value: 1 } });
    expect(await keysOf(cy)).toEqual(['a.b']);
  });

  it('answers null when nothing is known', async () => {
    expect(await forget(await identityOf('cy'), 'unknown')).toMatchObject({ entry: null });
  });

  it('refuses what is no key', async () => {
    expect(pathsOf(await forget(await identityOf('cy'), 'no key'))).toEqual(['key']);
  });
});

describe('Identity.memory', () => {
  it('is ordered by key', async () => {
    const dee = await identityOf('dee');
    for (const key of ['c', 'a.b', 'a']) await remember(dee, key, 1);
    expect(await keysOf(dee)).toEqual(['a', 'a.b', 'c']);
  });

  it('takes a prefix as a key and what is below it', async () => {
    const fay = await identityOf('fay');
    for (const key of ['pref', 'pref.x', 'pref.x.y', 'prefer', 'my_pref.a', 'myXpref.a']) await remember(fay, key, 1);
    expect(await keysOf(fay, 'pref')).toEqual(['pref', 'pref.x', 'pref.x.y']);
    expect(await keysOf(fay, 'my_pref')).toEqual(['my_pref.a']);
    for (const prefix of ['', 'pref.', '%', 'nothing', '\u0000']) expect(await keysOf(fay, prefix)).toEqual([]);
  });

  it('is readable with an access token of the identity', async () => {
    const gus = await identityOf('gus');
    await remember(gus, 'seen', true);
    const { token } = await mutate(app, 'createAccessToken', { identity: gus }, 'token');
    expect(await keysOf(gus, undefined, app.withCredential(token))).toEqual(['seen']);
  });

  it('of another workspace is out of reach', async () => {
    await remember(await identityOf('shared-name'), 'secret', 1);
    const other = await app.stranger();
    const theirs = await identityOf('shared-name', other);
    expect(await keysOf(theirs, undefined, other)).toEqual([]);
    const { identity } = await app.query('{ identity(by: { externalId: "shared-name" }) { id } }');
    expect(await remember({ id: identity.id }, 'a', 1, {}, other)).toMatchObject({ code: 'NOT_FOUND' });
    expect(await forget({ id: identity.id }, 'secret', other)).toMatchObject({ code: 'NOT_FOUND' });
  });
});
