import { describe, expect, it } from 'vitest';
import { startTestApp } from './support/app.ts';
import { mutate, pathsOf } from './support/mutate.ts';

const app = await startTestApp();
const KEYS = `query ($first: Int, $after: String, $includeRevoked: Boolean) {
  apiKeys(first: $first, after: $after, includeRevoked: $includeRevoked) {
    edges { node { id name secretHint permissions createdAt expiresAt lastUsedAt revokedAt } }
    pageInfo { hasNextPage endCursor }
  }
}`;
const create = (input: object, caller = app.withCredential(app.credential)) =>
  mutate(
    caller,
    'createApiKey',
    { name: 'A key', permissions: ['READ'], ...input },
    'secret apiKey { id secretHint expiresAt }',
  );

async function list(variables: object = {}) {
  const { apiKeys } = await app.query(KEYS, variables);
  return apiKeys.edges.map(({ node }: { node: object }) => node);
}

describe('apiKeys', () => {
  it('lists the keys of the workspace, oldest first, without their secrets', async () => {
    const { secret, apiKey } = await create({ name: 'Listed' });
    const keys = await list();
    expect(keys[0].id).toBe(app.apiKeyId);
    expect(keys.at(-1)).toMatchObject({ id: apiKey.id, name: 'Listed', permissions: ['READ'], revokedAt: null });
    expect(secret.startsWith(apiKey.secretHint)).toBe(true);
    expect(JSON.stringify(keys)).not.toContain(secret);
  });

  it('leaves revoked ones out unless they are asked for', async () => {
    const { apiKey } = await create({ name: 'Revoked' });
    await mutate(app, 'revokeApiKey', { id: apiKey.id });
    const has = (keys: { id: string }[]) => keys.some(({ id }) => id === apiKey.id);
    expect([has(await list()), has(await list({ includeRevoked: true }))]).toEqual([false, true]);
  });

  it('comes in pages', async () => {
    await create({});
    const all = await list();
    const { apiKeys: first } = await app.query(KEYS, { first: 1 });
    expect(first.pageInfo.hasNextPage).toBe(true);
    expect([first.edges[0].node, ...(await list({ after: first.pageInfo.endCursor }))]).toEqual(all);
  });

  it('tells when a key was last used', async () => {
    const { secret, apiKey } = await create({ name: 'Used' });
    const lastUse = async () => (await list()).find(({ id }: { id: string }) => id === apiKey.id).lastUsedAt;
    expect(await lastUse()).toBeNull();
    const before = Date.now();
    await app.withCredential(secret).rest('GET', '/stages');
    let used: string | null = null;
    while (used === null) used = await lastUse();
    expect(new Date(used).getTime()).toBeGreaterThanOrEqual(before);
  });

  it('is refused to a key that only reads', async () => {
    const { errors } = await (await app.withPermissions('READ')).execute(KEYS);
    expect(errors?.[0].extensions.code).toBe('FORBIDDEN');
  });
});

describe('createApiKey', () => {
  it('takes the time at which the key ends', async () => {
    expect((await create({ expiresAt: '2099-01-31T12:00:00+02:00' })).apiKey.expiresAt).toBe(
      '2099-01-31T10:00:00.000Z',
    );
  });

  it('refuses an end that has passed', async () => {
    const { issues } = await create({ expiresAt: '2020-01-01T00:00:00Z' });
    expect(pathsOf({ issues })).toEqual(['expiresAt']);
  });

  it('hands on no permission the caller does not have', async () => {
    const writer = await app.withPermissions('WRITE');
    expect(await create({ permissions: ['READ', 'WRITE'] }, writer)).toMatchObject({ code: 'FORBIDDEN' });
    expect(await create({ permissions: ['WRITE'] }, writer)).toMatchObject({ __typename: 'CreateApiKeyPayload' });
  });
});
