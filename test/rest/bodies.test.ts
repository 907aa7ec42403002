import { type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';

const MIB = 1_048_576;
const STAGE = '{"name":"Sent to us"}';

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp();
});

// biome-ignore lint/suspicious/noExplicitAny: the tests know what is answered
type Answer = { status: number | undefined; body: any };

/** Sends these pieces over a socket; unless `whole`, the request has no announced length and no end. */
async function send(
  method: string,
  path: string,
  pieces: string[],
  { whole = true, headers = {} } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(await app.origin());
  const all = { authorization: `Bearer ${app.credential}`, 'content-type': 'application/json', ...headers };
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request({ hostname, port, path, method, headers: all });
    outgoing.on('error', reject).on('response', resolve);
    outgoing.flushHeaders();
    for (const piece of pieces) outgoing.write(piece);
    if (whole) outgoing.end();
  });
  return { status: incoming.statusCode, body: await json(incoming) };
}

const announced = (text: string) => ({ headers: { 'content-length': String(Buffer.byteLength(text)) } });
const inChunks = { headers: { 'transfer-encoding': 'chunked' } };

describe('a body', () => {
  it('is read when it announces its length', async () => {
    expect((await send('POST', '/stages', [STAGE], announced(STAGE))).status).toBe(201);
  });

  it('is read when it comes in chunks', async () => {
    const { status, body } = await send('POST', '/stages', ['{"name":', '"In chunks"}'], inChunks);
    expect(status).toBe(201);
    expect(body.data.name).toBe('In chunks');
  });

  it('is read when a GraphQL document comes in chunks', async () => {
    const { status, body } = await send('POST', '/graphql', ['{"query":', '"{ workspace { id } }"}'], inChunks);
    expect(status).toBe(200);
    expect(body.data.workspace.id).toBe(app.workspaceId);
  });

  it('may be missing where none is needed', async () => {
    await app.rest('PUT', '/identity/somebody', {});
    expect((await send('DELETE', '/identity/somebody', [])).status).toBe(200);
  });

  it('counts as an empty object when it is missing where one is needed', async () => {
    const { status, body } = await send('POST', '/stages', []);
    expect(status).toBe(400);
    expect(body.issues[0].path).toBe('name');
  });
});

describe('a body of more than a mebibyte', () => {
  const large = `{"name":"${'a'.repeat(MIB)}"}`;

  it.each([
    ['POST', '/stages'],
    ['POST', '/conversation/ada/chat/web'],
    ['PUT', '/identity/ada'],
    ['POST', '/graphql'],
  ])('is answered 413 by %s %s', async (method, path) => {
    const { status, body } = await app.rest(method, path, large);
    expect(status).toBe(413);
    expect(body).toEqual({
      type: 'about:blank',
      title: 'Content Too Large',
      status: 413,
      code: 'CONTENT_TOO_LARGE',
      limit: 'body',
      detail: `The body is larger than ${MIB} bytes.`,
      message: `The body is larger than ${MIB} bytes.`,
    });
  });

  it('is refused by its announced length, before it is sent', async () => {
    expect((await send('POST', '/stages', [], { whole: false, ...announced(large) })).status).toBe(413);
  });

  it('is refused while it comes in chunks, before its end', async () => {
    const { status, body } = await send('POST', '/stages', [large], { whole: false, ...inChunks });
    expect(status).toBe(413);
    expect(body.code).toBe('CONTENT_TOO_LARGE');
  });
});
