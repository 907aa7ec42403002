import { describe, expect, it } from 'vitest';
import { type Caller, startTestApp } from './support/app.ts';
import { prepareDemo, send } from './support/demo.ts';
import { openStream } from './support/event-stream.ts';
import { openSocket } from './support/graphql-socket.ts';
import { mutate } from './support/mutate.ts';
import { streamPath } from './support/talk.ts';
import { halfReply } from './support/turn-events.ts';

const QUOTA = 5;
const PROBLEM = 'https://iana.org/assignments/http-problem-types#quota-exceeded';

async function tokenOf(app: Caller & { withCredential(credential: string): Caller }, externalId: string) {
  await mutate(app, 'upsertIdentity', { identity: { externalId } });
  return app.withCredential((await mutate(app, 'createAccessToken', { identity: { externalId } }, 'token')).token);
}

describe('requests with an API key', async () => {
  const app = await startTestApp({ environment: { REQUESTS_PER_MINUTE_PER_KEY: String(QUOTA) } });
  const origin = await app.origin();
  const ask = (caller: Caller, path = '/stages', init: RequestInit = {}) =>
    fetch(`${origin}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${caller.credential}`, 'content-type': 'application/json' },
    });
  const askGraphql = (caller: Caller) =>
    ask(caller, '/graphql', { method: 'POST', body: JSON.stringify({ query: '{ workspace { id } }' }) });

  it('are told how many are left, by REST and GraphQL alike', async () => {
    const caller = await app.withPermissions('READ');
    for (const [left, response] of [
      [4, await ask(caller)],
      [3, await askGraphql(caller)],
    ] as const) {
      expect(response.headers.get('ratelimit-policy')).toBe(`"requests-per-key";q=${QUOTA};w=60`);
      expect(response.headers.get('ratelimit')).toMatch(new RegExp(`^"requests-per-key";r=${left};t=\\d+$`));
      await response.text();
    }
  });

  it('are refused when they are too many, with the time to wait, through whatever door', async () => {
    const caller = await app.withPermissions('READ');
    for (let count = 0; count < QUOTA; count += 1) expect((await ask(caller)).status).toBe(200);
    const [rest, graphql] = [await ask(caller), await askGraphql(caller)];
    expect([rest.status, graphql.status]).toEqual([429, 429]);
    const seconds = Number(rest.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
    for (const { headers } of [rest, graphql]) {
      expect(headers.get('ratelimit')).toMatch(/^"requests-per-key";r=0;t=\d+$/);
      expect(headers.get('retry-after')).toMatch(/^\d+$/);
    }
    const message = 'At most 5 requests with this API key are taken in a minute.';
    expect(await rest.json()).toMatchObject({
      type: PROBLEM,
      code: 'LIMIT_EXCEEDED',
      limit: 'requests-per-key',
      message,
      'violated-policies': ['requests-per-key'],
    });
    expect((await graphql.json()).errors).toEqual([
      expect.objectContaining({
        message,
        extensions: { code: 'LIMIT_EXCEEDED', limit: 'requests-per-key', retryAfterSeconds: expect.any(Number) },
      }),
    ]);
    const socket = await openSocket(app, { params: { authorization: `Bearer ${caller.credential}` } });
    const [refusal] = await socket.execute('{ workspace { id } }').catch((errors: unknown[]) => errors);
    expect(refusal).toMatchObject({ message, extensions: { code: 'LIMIT_EXCEEDED', limit: 'requests-per-key' } });
    expect(socket.isOpen()).toBe(true);
    await socket.dispose();
  });

  it('count over a WebSocket by its operations', async () => {
    const caller = await app.withPermissions('READ');
    const socket = await openSocket(app, { params: { authorization: `Bearer ${caller.credential}` } });
    for (let count = 0; count < QUOTA; count += 1) {
      expect((await socket.execute('{ workspace { id } }')).data).toBeDefined();
    }
    expect((await ask(caller)).status).toBe(429);
    await socket.dispose();
  });

  it('of another key are not touched by that', async () => {
    const [one, another] = [await app.withPermissions('READ'), await app.withPermissions('READ')];
    for (let count = 0; count <= QUOTA; count += 1) await ask(one);
    expect((await ask(another)).status).toBe(200);
  });
});

describe('requests of an identity', async () => {
  const app = await startTestApp({ environment: { REQUESTS_PER_MINUTE_PER_IDENTITY: String(QUOTA) } });

  it('count for it whichever of its access tokens is used, and not for its API key', async () => {
    const [one, another] = [await tokenOf(app, 'ada'), await tokenOf(app, 'ada')];
    for (let count = 0; count < QUOTA; count += 1) {
      expect((await (count % 2 ? one : another).rest('GET', '/identity/ada')).status).toBe(200);
    }
    const { status, body } = await one.rest('GET', '/identity/ada');
    expect([status, body.limit]).toEqual([429, 'requests-per-identity']);
    expect((await app.rest('GET', '/identity/ada')).status).toBe(200);
    expect((await (await tokenOf(app, 'bob')).rest('GET', '/identity/bob')).status).toBe(200);
  });
});

describe.each([
  [
    'turns-per-key',
    { TURNS_PER_MINUTE_PER_KEY: '2' },
    'At most 2 messages sent with this API key are taken in a minute.',
  ],
  [
    'turns-per-identity',
    { TURNS_PER_MINUTE_PER_IDENTITY: '2' },
    'At most 2 messages of this identity are taken in a minute.',
  ],
])('the limit of %s', async (limit, environment, message) => {
  const app = await startTestApp({ environment });
  await prepareDemo(app);
  await mutate(app, 'upsertIdentity', { identity: { externalId: 'bob' } });

  it('refuses a message too many through every door, and stores nothing of it', async () => {
    for (const text of ['One', 'Two']) expect((await send(app, text)).__typename).toBe('SendMessagePayload');
    const input = { identity: { externalId: 'ada' }, channel: { key: 'web' }, text: 'Three' };
    const { result } = await app.query(
      `mutation ($input: SendMessageInput!) { result: sendMessage(input: $input) {
        __typename ... on LimitExceededError { code message limit retryAfterSeconds }
      } }`,
      { input },
    );
    expect(result).toEqual({
      __typename: 'LimitExceededError',
      code: 'LIMIT_EXCEEDED',
      message,
      limit,
      retryAfterSeconds: expect.any(Number),
    });
    const chat = await app.rest('POST', '/conversation/ada/chat/web', { text: 'Three' });
    const stream = await openStream(app, streamPath('ada', 'Three'));
    expect([chat.status, stream.status]).toEqual([429, 429]);
    for (const headers of [chat.headers, stream.headers]) expect(headers.get('retry-after')).toMatch(/^\d+$/);
    expect([chat.body.limit, (await stream.json()).limit]).toEqual([limit, limit]);
    expect(await app.database.db.message.count({ where: { text: 'Three' } })).toBe(0);
  });

  it('leaves others alone', async () => {
    const other = limit === 'turns-per-key' ? await app.withPermissions('READ', 'WRITE') : app;
    expect(await send(other, 'Hello', { identity: { externalId: 'bob' } })).toMatchObject({
      __typename: 'SendMessagePayload',
    });
  });
});

describe('the turns of a workspace at once', async () => {
  const app = await startTestApp({ environment: { TURNS_AT_ONCE_PER_WORKSPACE: '2' } });
  await prepareDemo(app);

  it('are limited by those that have not ended, and a message that has been accepted can be sent again', async () => {
    const place = halfReply(app, 'Stays', ['Half '], ['and half']);
    const first = { clientMessageId: 'the-first' };
    const { turn } = await send(app, 'Stays', first);
    await send(app, 'Waits');
    expect(await send(app, 'Too much')).toMatchObject({ __typename: 'LimitExceededError', code: 'LIMIT_EXCEEDED' });
    expect((await send(app, 'Stays', first)).turn.id).toBe(turn.id);
    const stranger = await app.stranger();
    await prepareDemo(stranger);
    expect((await send(stranger, 'Elsewhere')).__typename).toBe('SendMessagePayload');
    place.release();
    // Once one has ended there is room again.
    while ((await send(app, 'Too much')).__typename === 'LimitExceededError');
  });
});
