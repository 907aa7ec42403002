import { afterAll, describe, expect, it } from 'vitest';
import { type Caller, startTestApp } from '../support/app.ts';
import { openConnections } from '../support/connections.ts';
import { prepareDemo, send } from '../support/demo.ts';
import { openSocket } from '../support/graphql-socket.ts';
import { mutate } from '../support/mutate.ts';
import { halfReply } from '../support/turn-events.ts';

const app = await startTestApp();
await prepareDemo(app);
const origin = await app.origin();
const place = halfReply(app, 'Never ends', ['Half '], ['and half']);
const { turn } = await send(app, 'Never ends');
const running = { turnId: turn.id, conversationId: turn.conversation.id };
const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` });

afterAll(() => place.release());

const createKey = (input: object = {}, caller: Caller = app) =>
  mutate(
    caller,
    'createApiKey',
    { name: 'Short-lived', permissions: ['READ', 'WRITE'], ...input },
    'secret apiKey { id }',
  );
const createToken = async (caller: Caller) =>
  (await mutate(caller, 'createAccessToken', { identity: { externalId: 'ada' } }, 'token')).token as string;
const revoke = (id: string) => mutate(app, 'revokeApiKey', { id });

/** What each door says to these credentials. */
async function answersTo(credential: string) {
  const holder = app.withCredential(credential);
  const { status, body } = await holder.rest('GET', '/identity/ada');
  const { errors } = await holder.execute('{ conversations { edges { cursor } } }');
  const socket = await openSocket(app, { params: bearer(credential) }).then(
    () => 'open',
    ({ code }) => code,
  );
  return { rest: [status, body.message], graphql: errors?.[0], socket };
}

function refusedWith(message: string) {
  return {
    rest: [401, message],
    graphql: expect.objectContaining({ message, extensions: { code: 'UNAUTHENTICATED' } }),
    socket: 4403,
  };
}

const ended = (reason: string) => ({ socket: `4403 ${reason}`, rest: 'cut off', graphql: 'cut off' });

describe('a revoked key', () => {
  it('opens nothing from then on, through whatever door', async () => {
    const { secret, apiKey } = await createKey();
    expect((await answersTo(secret)).rest[0]).toBe(200);
    await revoke(apiKey.id);
    expect(await answersTo(secret)).toEqual(refusedWith('The API key has been revoked.'));
  });

  it('closes what it has opened, and nothing else', async () => {
    const { secret, apiKey } = await createKey();
    const kept = await openConnections(origin, app.credential, running);
    const { ends } = await openConnections(origin, secret, running);
    await revoke(apiKey.id);
    expect(await ends).toEqual(ended('The API key has been revoked.'));
    expect(await Promise.race([kept.ends, Promise.resolve('still open')])).toBe('still open');
    await kept.close();
  });

  it('ends the access tokens it has made, and what they have opened', async () => {
    const { secret, apiKey } = await createKey();
    const token = await createToken(app.withCredential(secret));
    const { ends } = await openConnections(origin, token, running);
    await revoke(apiKey.id);
    expect(await ends).toEqual(ended('The API key has been revoked.'));
    expect(await answersTo(token)).toEqual(refusedWith('The API key has been revoked.'));
  });
});

describe('a key with an end', () => {
  it('opens nothing behind it, and closes what it has opened', async () => {
    const expiresAt = new Date(Date.now() + 1500);
    const { secret } = await createKey({ expiresAt });
    const { ends } = await openConnections(origin, secret, running);
    expect(await ends).toEqual(ended('The API key has expired.'));
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt.getTime());
    expect(await answersTo(secret)).toEqual(refusedWith('The API key has expired.'));
  });

  it('makes no access token that outlives it', async () => {
    const expiresAt = new Date(Date.now() + 90_500);
    const holder = app.withCredential((await createKey({ expiresAt })).secret);
    const made = await mutate(holder, 'createAccessToken', { identity: { externalId: 'ada' } }, 'expiresAt');
    expect(new Date(made.expiresAt).getTime()).toBe(Math.floor(expiresAt.getTime() / 1000) * 1000);
  });
});

describe('an access token', () => {
  it('closes what it has opened when it ends', async () => {
    const { secret } = await createKey({ expiresAt: new Date(Date.now() + 2500) });
    const token = await createToken(app.withCredential(secret));
    const { ends } = await openConnections(origin, token, running);
    expect(await ends).toEqual(ended('The access token has expired.'));
  });

  it('of a deleted identity sees and does nothing', async () => {
    const identity = { externalId: 'forgotten' };
    await mutate(app, 'upsertIdentity', { identity });
    const { token } = await mutate(app, 'createAccessToken', { identity }, 'token');
    const holder = app.withCredential(token);
    await mutate(app, 'deleteIdentity', { identity });
    await mutate(app, 'upsertIdentity', { identity });
    const query = '{ identity(by: { externalId: "forgotten" }) { id } conversations { edges { cursor } } }';
    expect(await holder.query(query)).toEqual({ identity: null, conversations: { edges: [] } });
    const message = { identity, channel: { key: 'web' }, text: 'Hello' };
    expect(await mutate(holder, 'sendMessage', message)).toMatchObject({ code: 'NOT_FOUND' });
  });
});
