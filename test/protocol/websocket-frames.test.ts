import { on, once } from 'node:events';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { newApiKeySecret } from '../../src/workspaces/api-keys.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { prepareDemo, send } from '../support/demo.ts';
import { openRawSocket, subscribeRaw } from '../support/raw-readers.ts';
import { hold, reply } from '../support/scripted-model.ts';

const MIB = 1_048_576;
const TURN = 'subscription ($turnId: ID!) { turnEvents(turnId: $turnId) { cursor turnId ... on TurnTokens { text } } }';

let app: TestApp;
let origin: string;
beforeAll(async () => {
  app = await startTestApp();
  await prepareDemo(app);
  origin = await app.origin();
});
// Everything a library prints by itself comes by one of these.
beforeEach(() => {
  for (const level of ['error', 'warn', 'info', 'log'] as const) vi.spyOn(console, level);
});
afterEach(() => {
  for (const print of [console.error, console.warn, console.info, console.log]) expect(print).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});

async function openUnknown(): Promise<WebSocket> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  return socket;
}

async function closeOf(socket: WebSocket): Promise<{ code: number; reason: string }> {
  const [code, reason] = await once(socket, 'close');
  return { code, reason: String(reason) };
}

/** The first result that comes. */
async function nextResult(socket: WebSocket): Promise<unknown> {
  for await (const [data] of on(socket, 'message')) {
    const { type, payload } = JSON.parse(String(data));
    if (type === 'next') return payload;
  }
  return undefined;
}

/** One frame of a client (RFC 6455), masked with zeros; `first` is its first byte. */
function frame(first: number, payload: Buffer, { masked = true, length = payload.length } = {}): Buffer {
  const mask = masked ? 0x80 : 0;
  const header = length < 126 ? [first, mask | length] : [first, mask | 127, 0, 0, 0, 0, ...u32(length)];
  return Buffer.concat([Buffer.from([...header, ...(masked ? [0, 0, 0, 0] : [])]), payload]);
}

function u32(value: number): number[] {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff);
}

const TEXT = 0x81;
const ping = Buffer.from('{"type":"ping"}');

describe('a frame, about which nothing is printed,', () => {
  it.each([
    ['of text that is no UTF-8', 1007, () => frame(TEXT, Buffer.from([0x22, 0xff, 0x22]))],
    ['that is not masked', 1002, () => frame(TEXT, ping, { masked: false })],
    ['with reserved bits', 1002, () => frame(TEXT | 0x40, ping)],
    ['of an unknown kind', 1002, () => frame(0x83, ping)],
    ['that goes on with nothing', 1002, () => frame(0x80, ping)],
    ['of control in pieces', 1002, () => frame(0x09, ping)],
    ['of control that is too long', 1002, () => frame(0x89, Buffer.alloc(200))],
    ['that announces more than may be sent', 1009, () => frame(TEXT, ping, { length: MIB + 1 })],
    ['with a close code that is none', 1002, () => frame(0x88, Buffer.from([0, 1]))],
  ])('%s closes the socket with %i', async (_what, expected, make) => {
    const socket = await openRawSocket(origin, app.credential);
    socket.on('error', () => {});
    const raw = Reflect.get(socket, '_socket') as { write(bytes: Buffer): void };
    raw.write(make());
    expect((await closeOf(socket)).code).toBe(expected);
  });
});

describe('a message', () => {
  const deep = `{"type":"ping","payload":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`;

  it.each([
    ['that is no JSON', '{', 4400],
    ['that is no object', '[1]', 4400],
    ['of an unknown type', '{"type":"stage"}', 4400],
    ['only the server may send', '{"type":"next","id":"1","payload":{}}', 4400],
    ['of bytes that are no text', Buffer.from([0xff, 0xfe]), 4400],
    ['with a document that is no text', '{"type":"subscribe","id":"1","payload":{"query":1}}', 4400],
    ['without an id', '{"type":"subscribe","id":"","payload":{"query":"{a}"}}', 4400],
    ['that shows credentials again', '{"type":"connection_init"}', 4429],
  ])('%s closes the socket with its own code', async (_what, message, expected) => {
    const socket = await openRawSocket(origin, app.credential);
    socket.send(message);
    expect((await closeOf(socket)).code).toBe(expected);
  });

  it.each([
    ['in bytes', Buffer.from('{"type":"ping"}')],
    ['that is nested deeply', deep],
    ['that ends what nobody has begun', '{"type":"complete","id":"__proto__"}'],
  ])('%s leaves it open', async (_what, message) => {
    const socket = await openRawSocket(origin, app.credential);
    socket.send(message);
    socket.send('{"type":"subscribe","id":"1","payload":{"query":"{ workspace { id } }"}}');
    expect(await nextResult(socket)).toEqual({ data: { workspace: { id: app.workspaceId } } });
    socket.terminate();
  });

  it('before the credentials closes with 4401', async () => {
    const socket = await openUnknown();
    socket.send('{"type":"subscribe","id":"1","payload":{"query":"{ workspace { id } }"}}');
    expect((await closeOf(socket)).code).toBe(4401);
  });

  it('with the id of one that still runs closes with 4409', async () => {
    const place = hold();
    app.model.when('Held', reply.text('One ', place, 'two'));
    const { turn } = await send(app, 'Held');
    await place.reached;
    const socket = await openRawSocket(origin, app.credential);
    await subscribeRaw(socket, ['1'], TURN, { turnId: turn.id });
    const closed = closeOf(socket);
    socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: '{ workspace { id } }' } }));
    expect((await closed).code).toBe(4409);
    place.release();
  });
});

describe('a fault of the server', () => {
  it('while credentials are looked at closes with 4500, without its words', async () => {
    const { db } = app.database;
    const socket = await openUnknown();
    await db.$executeRawUnsafe('ALTER TABLE api_keys RENAME TO hidden_keys');
    socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${newApiKeySecret()}` } }));
    const closed = await closeOf(socket);
    await db.$executeRawUnsafe('ALTER TABLE hidden_keys RENAME TO api_keys');
    expect(closed).toEqual({ code: 4500, reason: 'The server failed' });
  });
});
