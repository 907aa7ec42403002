import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startTestApp } from '../support/app.ts';
import { mutate, pathsOf } from '../support/mutate.ts';
import { statementsOf } from '../support/statements.ts';

const app = await startTestApp();
const create = (body: unknown) => app.rest('POST', '/workspace/api-keys', body);

describe('POST /workspace/api-keys', () => {
  it('shows the secret once', async () => {
    const { status, body } = await create({ name: 'Reporting', permissions: ['read'] });
    expect(status).toBe(201);
    expect(body.data).toEqual({
      id: expect.stringMatching(/^key_/),
      name: 'Reporting',
      key: expect.stringMatching(/^mp_/),
      permissions: ['read'],
      workspace_id: app.workspaceId,
      expires_at: null,
      created_at: expect.any(String),
    });
    expect(body.message).toContain('cannot be shown again');
    expect(JSON.stringify(await app.database.db.apiKey.findMany())).not.toContain(body.data.key);
  });

  it('makes a key that does what it may and nothing else', async () => {
    const { data } = (await create({ name: 'Reader', permissions: ['read'] })).body;
    const reader = app.withCredential(data.key);
    expect((await reader.rest('GET', '/stages')).status).toBe(200);
    expect((await reader.rest('POST', '/stages', { name: 'Denied' })).status).toBe(403);
  });

  it.each([
    [
      ['read', 'write'],
      ['read', 'write'],
    ],
    [['READ'], ['read']],
    [['read-only'], ['read']],
    [['read-write'], ['read', 'write']],
    [
      ['read:write', 'read'],
      ['read', 'write'],
    ],
  ])('takes the permissions %j', async (permissions, granted) => {
    expect((await create({ name: 'Spelled', permissions })).body.data.permissions).toEqual(granted);
  });

  it.each([
    ['no name', { permissions: ['read'] }, 'name'],
    ['no permissions', { name: 'Nothing' }, 'permissions'],
    ['an empty list of permissions', { name: 'Nothing', permissions: [] }, 'permissions'],
    ['an unknown permission', { name: 'Unknown', permissions: ['read', 'fly'] }, 'permissions.1'],
  ])('answers 400 for %s', async (_what, input, path) => {
    const { status, body } = await create(input);
    expect(status).toBe(400);
    expect(pathsOf(body)).toEqual([path]);
  });

  it('takes the time at which the key ends', async () => {
    const { status, body } = await create({
      name: 'Ends',
      permissions: ['read'],
      expires_at: '2099-01-31T12:00:00+02:00',
    });
    expect([status, body.data.expires_at]).toEqual([201, '2099-01-31T10:00:00.000Z']);
  });

  it.each([['soon'], ['2020-01-01T00:00:00Z'], [1234]])('answers 400 for the end %j', async (expires_at) => {
    const { status, body } = await create({ name: 'Ends', permissions: ['read'], expires_at });
    expect([status, pathsOf(body)]).toEqual([400, ['expires_at']]);
  });

  it('answers 403 to a key that only reads and to an access token', async () => {
    await app.rest('PUT', '/identity/ada');
    const { token } = await mutate(app, 'createAccessToken', { identity: { externalId: 'ada' } }, 'token');
    for (const caller of [await app.withPermissions('READ'), app.withCredential(token)]) {
      expect((await caller.rest('POST', '/workspace/api-keys', { name: 'Denied', permissions: ['read'] })).status).toBe(
        403,
      );
    }
  });
});

describe('an API key', () => {
  it('is taken from x-api-key too', async () => {
    const headers = { 'x-api-key': app.credential };
    expect((await app.app.fetch(new Request('http://milepost.test/stages', { headers }))).status).toBe(200);
  });

  it.each([
    ['none', {}],
    ['a wrong one', { authorization: 'Bearer mp_wrong' }],
    ['another scheme', { authorization: 'Basic bXA6bXA=' }],
    ['an empty one', { authorization: 'Bearer ' }],
  ])('is needed: %s opens nothing', async (_what, headers: Record<string, string>) => {
    const response = await app.app.fetch(new Request('http://milepost.test/stages', { headers }));
    expect(response.status).toBe(401);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
  });

  it.each(['api_key', 'apiKey', 'x-api-key', 'authorization', 'access_token', 'anything'])(
    'is refused as %s in an address, with the safe way and without being repeated',
    async (name) => {
      const origin = await app.origin();
      const query = new URLSearchParams({ [name]: app.credential });
      const message = expect.stringContaining('Send `Authorization: Bearer <key>`');
      for (const credential of [{}, { authorization: `Bearer ${app.credential}` }]) {
        const [rest, graphql] = await Promise.all([
          fetch(`${origin}/stages?${query}`, { headers: credential }),
          fetch(`${origin}/graphql?${query}`, {
            method: 'POST',
            headers: { ...credential, 'content-type': 'application/json' },
            body: JSON.stringify({ query: '{ stages { edges { cursor } } }' }),
          }),
        ]);
        const [problem, result] = [await rest.json(), await graphql.json()];
        expect([rest.status, problem]).toEqual([401, expect.objectContaining({ code: 'UNAUTHENTICATED', message })]);
        expect(result.errors).toEqual([expect.objectContaining({ message, extensions: { code: 'UNAUTHENTICATED' } })]);
        expect(JSON.stringify([problem, result])).not.toContain(app.credential);
        const socket = new WebSocket(`${origin.replace('http', 'ws')}/graphql?${query}`, 'graphql-transport-ws');
        await once(socket, 'open');
        socket.send(JSON.stringify({ type: 'connection_init', payload: credential }));
        const [code, reason] = await once(socket, 'close');
        expect([code, String(reason)]).toEqual([4403, message]);
      }
    },
  );

  it('that was mistyped is refused without asking the database', async () => {
    const { key } = (await create({ name: 'Mistyped', permissions: ['read'] })).body.data;
    const mistyped = key.slice(0, -1) + (key.endsWith('a') ? 'b' : 'a');
    let answer: { status: number; body: { message: string } } | undefined;
    const statements = await statementsOf(async () => {
      answer = await app.withCredential(mistyped).rest('GET', '/stages');
    });
    expect([answer?.status, answer?.body.message]).toEqual([401, 'The API key is not valid: it has been mistyped.']);
    expect(statements).toEqual([]);
  });

  it('opens nothing once it is revoked', async () => {
    const { data } = (await create({ name: 'Revoked', permissions: ['read'] })).body;
    const holder = app.withCredential(data.key);
    expect((await holder.rest('GET', '/stages')).status).toBe(200);
    await mutate(app, 'revokeApiKey', { id: data.id });
    expect((await holder.rest('GET', '/stages')).status).toBe(401);
  });

  it('of another workspace cannot be revoked', async () => {
    const { data } = (await create({ name: 'Foreign', permissions: ['read'] })).body;
    expect(await mutate(await app.stranger(), 'revokeApiKey', { id: data.id })).toMatchObject({ code: 'NOT_FOUND' });
    expect((await app.withCredential(data.key).rest('GET', '/stages')).status).toBe(200);
  });
});
