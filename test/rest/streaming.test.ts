import { beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { prepareDemo } from '../support/demo.ts';
import { BlockReader, eventsOf, openStream, readStream } from '../support/event-stream.ts';
import { pathsOf } from '../support/mutate.ts';
import { hold, reply } from '../support/scripted-model.ts';
import { findTurn, someone, streamPath } from '../support/talk.ts';

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ environment: { SSE_HEARTBEAT_MS: '50' } });
  await prepareDemo(app);
});

/** What a stream that is refused is answered with. */
async function refusal(path: string, options: Parameters<typeof openStream>[2] = {}) {
  const response = await openStream(app, path, options);
  const body = await response.json();
  return { status: response.status, contentType: response.headers.get('content-type'), body };
}

describe('GET /conversation/:identity_id/streaming', () => {
  it('sends each piece as a token, then the whole reply, then closes', async () => {
    app.model.when('Say hello', reply.text('Hel', 'lo', ' you'));
    const reader = new BlockReader(await openStream(app, streamPath('ada', 'Say hello')));
    const events = eventsOf(await reader.rest());
    expect(events.at(-1)).toEqual(['complete', 'Hello you']);
    expect(events.slice(0, -1).every(([type]) => type === 'token')).toBe(true);
    expect(
      events
        .slice(0, -1)
        .map(([, content]) => content)
        .join(''),
    ).toBe('Hello you');
  });

  it('writes blocks exactly as documented, with an id before', async () => {
    const [one, two] = [hold(), hold()];
    app.model.when('Exactly', reply.text('a "b"', one, '\nc', two));
    const reader = new BlockReader(await openStream(app, streamPath('ada', 'Exactly')));
    const blocks = [await reader.next(), await reader.next()];
    one.release();
    blocks.push(await reader.next());
    two.release();
    blocks.push(...(await reader.rest()));
    expect(blocks.map((block) => block?.raw.replace(/^id: \S+/, 'id: …'))).toEqual([
      'id: …',
      String.raw`id: …${'\n'}data: {"type":"token","content":"a \"b\""}`,
      String.raw`id: …${'\n'}data: {"type":"token","content":"\nc"}`,
      String.raw`id: …${'\n'}data: {"type":"complete","content":"a \"b\"\nc"}`,
    ]);
  });

  it('gives every block another id', async () => {
    const [one, two] = [hold(), hold()];
    app.model.when('Positions', reply.text('a', one, 'b', two, 'c'));
    const reader = new BlockReader(await openStream(app, streamPath('ada', 'Positions')));
    const blocks = [await reader.next(), await reader.next()];
    one.release();
    blocks.push(await reader.next());
    two.release();
    blocks.push(...(await reader.rest()));
    const ids = blocks.map((block) => block?.id);
    expect(ids).not.toContain(undefined);
    expect(new Set(ids).size).toBe(blocks.length);
  });

  it('tells its first position while the model has said nothing yet', async () => {
    const silence = hold();
    app.model.when('Before anything', reply.text(silence, 'At last'));
    const reader = new BlockReader(await openStream(app, streamPath(await someone(app), 'Before anything')));
    expect((await reader.next())?.raw).toMatch(/^id: \S+$/);
    silence.release();
    await reader.rest();
  });

  it('passes a token on while the model goes on speaking', async () => {
    const waiting = hold();
    app.model.when('Slowly', reply.text('First', waiting, ' second'));
    const reader = new BlockReader(await openStream(app, streamPath(await someone(app), 'Slowly')));
    await reader.next();
    expect((await reader.next())?.data).toEqual({ type: 'token', content: 'First' });
    waiting.release();
    await reader.rest();
  });

  it.each(['Line\nbreaks\r\n\r\nand: colons', 'Ünïcödé 日本 👩‍🚀', '\u2028 and \u2029', '"quotes" and \\ slashes'])(
    'carries %j unharmed',
    async (text) => {
      const person = await someone(app);
      app.model.when(`Repeat for ${person}`, reply.text(...text));
      const events = eventsOf(await readStream(app, streamPath(person, `Repeat for ${person}`)));
      expect(events.at(-1)).toEqual(['complete', text]);
    },
  );

  it('sends an empty reply as complete alone', async () => {
    app.model.when('Say nothing', reply.text());
    expect(eventsOf(await readStream(app, streamPath('ada', 'Say nothing')))).toEqual([['complete', '']]);
  });

  it('sends only what is said, not what the assistant does', async () => {
    app.model.when(
      'I like tea',
      reply.toolCalls({ name: 'remember', arguments: { key: 'preferences.drink', value: 'tea' } }),
      reply.text('Noted.'),
    );
    expect(eventsOf(await readStream(app, streamPath('ada', 'I like tea')))).toEqual([
      ['token', 'Noted.'],
      ['complete', 'Noted.'],
    ]);
  });

  it('goes on with the turn when the reader leaves', async () => {
    const waiting = hold();
    app.model.when('I leave', reply.text('Good', waiting, 'bye'));
    const response = await openStream(app, streamPath(await someone(app), 'I leave'));
    const turnId = response.headers.get('content-location')?.split('/')[2] as string;
    const reader = new BlockReader(response);
    await waiting.reached;
    await reader.leave();
    waiting.release();
    await readStream(app, `/turns/${turnId}/events`);
    expect(await findTurn(app, turnId)).toMatchObject({ status: 'COMPLETED', reply: { text: 'Goodbye' } });
  });

  it('takes a key that only writes', async () => {
    const { credential } = await app.withPermissions('WRITE');
    expect(eventsOf(await readStream(app, streamPath('ada', 'Written'), { credential })).at(-1)).toEqual([
      'complete',
      'Echo: Written',
    ]);
  });
});

describe.each(['without a port', 'over a socket'])('the head of a stream %s', (how) => {
  it('keeps proxies from holding events back, and says where the turn can be followed', async () => {
    const origin = how === 'over a socket' ? { origin: await app.origin() } : {};
    const response = await openStream(app, streamPath('ada', `Headers ${how}`), origin);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'content-location': expect.stringMatching(/^\/turns\/trn_[0-9a-z]{26}\/events$/),
    });
    await new BlockReader(response).rest();
  });

  it('is followed by comments while nothing is said', async () => {
    const silence = hold();
    app.model.when(`Silence ${how}`, reply.text(silence, 'Over'));
    const origin = how === 'over a socket' ? { origin: await app.origin() } : {};
    const { body } = await openStream(app, streamPath(await someone(app), `Silence ${how}`), origin);
    let received = '';
    for await (const chunk of body as ReadableStream<Uint8Array>) {
      received += new TextDecoder().decode(chunk);
      if (received.endsWith('\n\n:\n\n')) silence.release();
    }
    expect(received).toMatch(/^id: \S+\n\n(:\n\n)+id: \S+\ndata: \{"type":"token","content":"Over"\}\n\n/);
  });
});

describe('what a stream refuses, before it opens', () => {
  it.each([
    ['no channel_id', '?message=Hello', 'channel_id'],
    ['an empty channel_id', '?channel_id=&message=Hello', 'channel_id'],
    ['no message', '?channel_id=web', 'message'],
    ['an empty message', '?channel_id=web&message=', 'message'],
    ['a blank message', '?channel_id=web&message=%20%0A', 'message'],
    ['a message with the NUL character', '?channel_id=web&message=a%00b', 'message'],
  ])('answers 400 for %s and names the parameter', async (_what, query, path) => {
    const { status, contentType, body } = await refusal(`/conversation/ada/streaming${query}`);
    expect(status).toBe(400);
    expect(contentType).toBe('application/problem+json');
    expect(pathsOf(body)).toEqual([path]);
  });

  it('says what is wrong in the words of the request', async () => {
    const { body } = await refusal('/conversation/ada/streaming?message=Hello');
    expect(body).toMatchObject({
      title: 'Bad Request',
      status: 400,
      code: 'INVALID_INPUT',
      detail: 'channel_id: is required',
      message: 'channel_id: is required',
    });
  });

  it.each([
    ['no key', null],
    ['a wrong key', 'mp_wrong'],
  ])('answers 401 to %s', async (_what, credential) => {
    const { status, contentType, body } = await refusal(streamPath('ada', 'Hello'), { credential });
    expect(status).toBe(401);
    expect(contentType).toBe('application/problem+json');
    expect(body).toMatchObject({ status: 401, code: 'UNAUTHENTICATED', message: body.detail });
  });

  it('answers 403 to a key that only reads: this GET sends a message', async () => {
    const { credential } = await app.withPermissions('READ');
    const { status, body } = await refusal(streamPath('ada', 'Hello'), { credential });
    expect(status).toBe(403);
    expect(body).toMatchObject({ status: 403, code: 'FORBIDDEN', message: body.detail });
  });

  it.each([
    ['an unknown identity', streamPath('nobody', 'Hello')],
    ['an unknown channel', streamPath('ada', 'Hello', 'nowhere')],
    ['an identity that cannot be', streamPath('%00', 'Hello')],
    ['a channel that cannot be', streamPath('ada', 'Hello', '\0')],
  ])('answers 404 for %s', async (_what, path) => {
    const { status, contentType, body } = await refusal(path);
    expect(status).toBe(404);
    expect(contentType).toBe('application/problem+json');
    expect(body).toMatchObject({ status: 404, code: 'NOT_FOUND', message: body.detail });
  });

  it('answers 404 for the identity of another workspace', async () => {
    const { credential } = await app.stranger();
    expect((await refusal(streamPath('ada', 'Hello'), { credential })).status).toBe(404);
  });

  it('answers 409 for a channel on which nobody answers', async () => {
    await app.rest('POST', '/channels', { name: 'Silent', key: 'silent' });
    const { status, body } = await refusal(streamPath('ada', 'Hello', 'silent'));
    expect(status).toBe(409);
    expect(body.code).toBe('CHANNEL_WITHOUT_WORKER');
  });

  it('sends no message for a HEAD request', async () => {
    const origin = await app.origin();
    const headers = { authorization: `Bearer ${app.credential}` };
    const { status } = await fetch(`${origin}${streamPath('ada', 'Only looking')}`, { method: 'HEAD', headers });
    expect(status).toBe(405);
    expect(app.model.calls('Only looking')).toBe(0);
  });
});

describe('?access_token=', () => {
  const tokenFor = async (externalId: string, permissions = ['READ', 'WRITE']): Promise<string> => {
    const { createAccessToken } = await app.query(
      `mutation ($identity: IdentityReference!, $permissions: [Permission!]!) {
        createAccessToken(input: { identity: $identity, permissions: $permissions }) { ... on CreateAccessTokenPayload { token } }
      }`,
      { identity: { externalId }, permissions },
    );
    return createAccessToken.token;
  };
  const withToken = (path: string, token: string) => `${path}&access_token=${token}`;

  it('stands in for the header', async () => {
    const path = withToken(streamPath('ada', 'By token'), await tokenFor('ada'));
    expect(eventsOf(await readStream(app, path, { credential: null })).at(-1)).toEqual(['complete', 'Echo: By token']);
  });

  it('answers 401 to an API key in its place', async () => {
    const { status, body } = await refusal(withToken(streamPath('ada', 'Hello'), app.credential), { credential: null });
    expect(status).toBe(401);
    expect(body.detail).toContain('createAccessToken');
  });

  it('answers 401 to a token that was changed', async () => {
    const [head, , signature] = (await tokenFor('ada')).split('.');
    const forged = [head, Buffer.from('{"sub":"idn_other"}').toString('base64url'), signature].join('.');
    expect((await refusal(withToken(streamPath('ada', 'Hello'), forged), { credential: null })).status).toBe(401);
  });

  it('answers 404 for another identity than its own', async () => {
    const token = await tokenFor(await someone(app));
    expect((await refusal(withToken(streamPath('ada', 'Hello'), token), { credential: null })).status).toBe(404);
  });

  it('answers 403 to a token that only reads', async () => {
    const token = await tokenFor('ada', ['READ']);
    expect((await refusal(withToken(streamPath('ada', 'Hello'), token), { credential: null })).status).toBe(403);
  });
});
