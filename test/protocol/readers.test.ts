import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MeasuredServer, startMeasuredServer } from '../support/measured-server.ts';
import { askForStream, openRawSocket, readUntil, subscribeRaw } from '../support/raw-readers.ts';
import { hold, reply, type ScriptedModel, startScriptedModel } from '../support/scripted-model.ts';
import { API_KEY, peopleAt, sendAt, turnsAt } from '../support/server-process.ts';
import { readBySocket } from '../support/turn-readers.ts';

const MEBIBYTE = 1_048_576;
/** Node itself and the pool of connections have some that come and go. */
const MANY_TIMERS = 20;
const FOLLOW = 'subscription ($turnId: ID!) { turnEvents(turnId: $turnId) { __typename } }';
/** Every piece of text forty times: more than the system's own buffers hold. */
const FOLLOW_LOUDLY = `subscription ($turnId: ID!) {
  turnEvents(turnId: $turnId) { __typename ... on TurnTokens { ${Array.from({ length: 40 }, (_, index) => `t${index}: text`).join(' ')} } }
}`;

let model: ScriptedModel;
let server: MeasuredServer;
let people: string[];

beforeAll(async () => {
  model = await startScriptedModel();
  server = await startMeasuredServer({
    OPENAI_BASE_URL: model.url,
    SOCKET_BUFFER_BYTES: `${MEBIBYTE / 4}`,
    STALL_TIMEOUT_MS: '1000',
    SHUTDOWN_GRACE_MS: '0',
  });
  people = await peopleAt(server.origin, 4);
});
afterAll(async () => {
  await server.close();
  await model.close();
});

/** A turn that has begun and waits. */
async function startTurn(message: string, ...then: string[]) {
  const place = hold();
  model.when(message, reply.text('One ', place, ...then));
  const { turn } = await sendAt(server.origin, people.pop() as string, message);
  await place.reached;
  return { turnId: turn.id as string, place };
}

/** What the server holds once it has let all readers go. */
async function measureAtRest() {
  for (const deadline = Date.now() + 5000; ; ) {
    const measures = await server.measure();
    if (measures.readers === 0 || Date.now() > deadline) return measures;
  }
}

describe('a reader that stops reading', () => {
  const PIECES = 300;
  const PIECE = `${'x'.repeat(31)} `.repeat(64);

  it('is closed, costs little meanwhile, and slows neither the turn nor other readers', async () => {
    const { turnId, place } = await startTurn('Shout', ...Array.from({ length: PIECES }, () => PIECE));
    const before = await server.measure();
    const loud = { query: FOLLOW_LOUDLY, variables: { turnId } };
    const sockets = await Promise.all([1, 2, 3].map(() => openRawSocket(server.origin)));
    await Promise.all(sockets.map((socket) => subscribeRaw(socket, ['1'], FOLLOW_LOUDLY, { turnId })));
    const streams = [1, 2, 3].map(() => askForStream(server.origin, { path: '/graphql', body: loud }));
    await Promise.all(streams.map((stream) => readUntil(stream, 'TurnTokens')));
    const stalled = [...sockets, ...streams];
    const closed = Promise.all(stalled.map((each) => once(each, 'close')));
    for (const each of stalled) each.pause();
    const healthy = readBySocket({ origin: server.origin, credential: API_KEY, turnId });
    place.release();

    const { text, types } = await healthy;
    expect([text.length, types.at(-1)]).toEqual([4 + PIECES * PIECE.length, 'TurnCompleted']);
    const { bytes } = await measureAtRest();
    expect(bytes - before.bytes).toBeLessThan(24 * MEBIBYTE);
    const [turn] = await turnsAt(server.origin, [turnId]);
    expect(turn.status).toBe('COMPLETED');

    for (const each of stalled) each.resume();
    const [code] = (await closed)[0] as number[];
    expect(code).toBe(1006);
  });
});

describe('readers that come and go', () => {
  const SOCKETS = 4;
  const PER_SOCKET = 500;
  const ROUNDS = 5;
  const STREAMS = 200;

  it(`leave nothing behind after ${SOCKETS * PER_SOCKET * ROUNDS} subscriptions`, async () => {
    const { turnId } = await startTurn('Come and go');
    const ids = Array.from({ length: PER_SOCKET }, (_, index) => `${index}`);
    const round = async () => {
      const sockets = await Promise.all(Array.from({ length: SOCKETS }, () => openRawSocket(server.origin)));
      await Promise.all(sockets.map((socket) => subscribeRaw(socket, ids, FOLLOW, { turnId })));
      // Half of them are left in good order, the others with their socket.
      for (const socket of sockets)
        for (const id of ids.filter((_, index) => index % 2 === 0))
          socket.send(JSON.stringify({ type: 'complete', id }));
      expect((await server.measure()).readers).toBeGreaterThan(0);
      for (const socket of sockets) socket.terminate();
    };
    await round();
    const before = await measureAtRest();
    for (let number = 1; number < ROUNDS; number += 1) await round();
    const after = await measureAtRest();
    console.info(
      `${SOCKETS * PER_SOCKET * (ROUNDS - 1)} subscriptions: ${Math.round((after.bytes - before.bytes) / 1024)} KiB.`,
    );
    expect(after.readers).toBe(0);
    expect(after.timers - before.timers).toBeLessThan(MANY_TIMERS);
    expect(after.bytes - before.bytes).toBeLessThan(4 * MEBIBYTE);
  });

  it(`leave nothing behind after ${2 * STREAMS} event streams`, async () => {
    const { turnId } = await startTurn('Come and stream');
    const body = { query: FOLLOW, variables: { turnId } };
    const round = async () => {
      const streams = Array.from({ length: STREAMS / 2 }, () => [
        askForStream(server.origin, { path: '/graphql', body }),
        askForStream(server.origin, { path: `/turns/${turnId}/events` }),
      ]).flat();
      await Promise.all(streams.map((stream) => readUntil(stream, 'data:')));
      for (const stream of streams) stream.destroy();
    };
    await round();
    const before = await measureAtRest();
    await round();
    const after = await measureAtRest();
    console.info(`${STREAMS} event streams: ${Math.round((after.bytes - before.bytes) / 1024)} KiB.`);
    expect(after.readers).toBe(0);
    expect(after.timers - before.timers).toBeLessThan(MANY_TIMERS);
    expect(after.bytes - before.bytes).toBeLessThan(4 * MEBIBYTE);
  });
});
