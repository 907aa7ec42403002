import { once } from 'node:events';
import { setInterval as every } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { prepareDemo, send } from '../support/demo.ts';
import { openSocket } from '../support/graphql-socket.ts';
import { exchange, openConnection, parseAnswer, readToEnd } from '../support/raw-http.ts';
import { hold, reply } from '../support/scripted-model.ts';
import { chatPath, streamPath } from '../support/talk.ts';
import { all, TURN_EVENTS, textOf } from '../support/turn-events.ts';

const PATIENCE_MS = 100;

let app: TestApp;
let origin: string;
beforeAll(async () => {
  const ms = `${PATIENCE_MS}`;
  app = await startTestApp({
    environment: { HEADERS_TIMEOUT_MS: ms, REQUEST_TIMEOUT_MS: `${2 * PATIENCE_MS}`, STALL_TIMEOUT_MS: ms },
  });
  await prepareDemo(app);
  origin = await app.origin();
});

const head = (line: string, ...headers: string[]) =>
  [line, 'Host: a', `Authorization: Bearer ${app.credential}`, ...headers, '', ''].join('\r\n');
const POST = 'POST /stages HTTP/1.1';

/** Sends this, and then one piece after another until the server has had enough. */
async function trickle(beginning: string, piece: string): Promise<string> {
  const socket = await openConnection(origin);
  socket.write(beginning);
  const end = readToEnd(socket);
  void (async () => {
    for await (const _ of every(PATIENCE_MS / 10)) {
      // What has come is read before more is sent to somebody who may have gone.
      await new Promise(setImmediate);
      if (socket.bytesRead > 0 || !socket.writable) return;
      socket.write(piece);
    }
  })();
  return end;
}

const isLetGo = async () => readToEnd(await openConnection(origin));

/** Waits until the server has lost its patience with somebody who asks nothing, more often than it has any with others. */
async function outlastPatience(): Promise<void> {
  for (let times = 0; times < 3; times += 1) await isLetGo();
}

describe('a client that', () => {
  it('asks nothing is let go', async () => {
    expect(parseAnswer(await isLetGo()).status).toBe(408);
  });

  it.each([
    ['sends its header letter by letter', () => 'GET /stages HTTP/1.1\r\nHost: a\r\nX: ', 'x'],
    ['sends header after header', () => 'GET /stages HTTP/1.1\r\nHost: a\r\n', 'X: x\r\n'],
    ['sends its body letter by letter', () => head(POST, 'Content-Length: 100000'), 'x'],
    ['sends a body without an end', () => head(POST, 'Transfer-Encoding: chunked'), '1\r\nx\r\n'],
    [
      'sends a GraphQL document without an end',
      () => head('POST /graphql HTTP/1.1', 'Content-Type: application/json', 'Transfer-Encoding: chunked'),
      '1\r\n \r\n',
    ],
  ])('%s is told that it took too long, and let go', async (_what, beginning, piece) => {
    const { status, headers, body } = parseAnswer(await trickle(beginning(), piece));
    expect(status).toBe(408);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ title: 'Request Timeout', code: 'REQUEST_TIMEOUT' });
  });

  it('does not take its answers is let go', async () => {
    const metadata = { text: 'x'.repeat(16_000) };
    for (let number = 0; number < 20; number += 1) await app.rest('PUT', `/identity/large-${number}`, { metadata });
    const socket = await openConnection(origin);
    socket.pause();
    const closed = once(socket, 'close');
    socket.write(head('GET /identity HTTP/1.1').repeat(100));
    // What the system holds for it comes, and then nothing.
    await outlastPatience();
    socket.resume();
    await closed;
    expect(socket.bytesRead).toBeLessThan(100 * 20 * 16_000);
  });
});

describe('an answer that takes its time', () => {
  it('comes, however long the model thinks', async () => {
    const place = hold();
    app.model.when('Think', reply.text('At ', place, 'last'));
    const socket = await openConnection(origin);
    const body = '{"text":"Think"}';
    socket.write(
      head(`POST ${chatPath('ada')} HTTP/1.1`, 'Connection: close', `Content-Length: ${body.length}`) + body,
    );
    const answer = readToEnd(socket);
    await place.reached;
    await outlastPatience();
    place.release();
    expect(JSON.parse(parseAnswer(await answer).body).data.text).toBe('At last');
  });

  it('is streamed to its end', async () => {
    const place = hold();
    app.model.when('Take your time', reply.text('One ', place, 'two'));
    const socket = await openConnection(origin);
    socket.write(head(`GET ${streamPath('ada', 'Take your time')} HTTP/1.1`, 'Connection: close'));
    const stream = readToEnd(socket);
    await place.reached;
    await outlastPatience();
    place.release();
    expect(await stream).toContain('{"type":"complete","content":"One two"}');
  });

  it('is told to its end over a WebSocket', async () => {
    const place = hold();
    app.model.when('Tell me slowly', reply.text('One ', place, 'two'));
    const { turn } = await send(app, 'Tell me slowly');
    const socket = await openSocket(app, { params: { authorization: `Bearer ${app.credential}` } });
    const events = all(socket.follow(TURN_EVENTS, { turnId: turn.id }));
    await place.reached;
    await outlastPatience();
    place.release();
    expect(textOf(await events)).toBe('One two');
    await socket.dispose();
  });
});

describe('a connection beyond MAX_CONNECTIONS', () => {
  it('is closed at once, and taken again when another one has gone', async () => {
    const small = await startTestApp({ environment: { MAX_CONNECTIONS: '2' } });
    const address = await small.origin();
    const socket = await openSocket(small, { params: { authorization: `Bearer ${small.credential}` } });
    const idle = await openConnection(address);
    expect(await exchange(address, 'nonsense\r\n\r\n')).toBe('');
    idle.destroy();
    await until(async () => parseAnswer(await exchange(address, 'nonsense\r\n\r\n')).status === 400);
    await socket.dispose();
  });
});

/** The server hears a moment later that a client has gone. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition()));
}
