import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { isAlive } from '../../src/database/embedded-lookup.ts';
import { createTestDatabase } from '../support/database.ts';
import { startDatabaseLine } from '../support/database-line.ts';
import { hold, reply, type ScriptedModel, startScriptedModel } from '../support/scripted-model.ts';
import { asUrl } from '../support/server.ts';
import { API_KEY, type ServerProcess, sendAt, startServer, turnsAt } from '../support/server-process.ts';
import { TURN_EVENTS, TurnText } from '../support/turn-readers.ts';

const SEND = `mutation {
  sendMessage(input: { identity: { externalId: "demo" }, channel: { key: "web" }, text: "Too late" }) { ... on UserError { code } }
}`;

let folder: string;
let model: ScriptedModel;

beforeAll(async () => {
  [model, folder] = await Promise.all([startScriptedModel(), mkdtemp(join(tmpdir(), 'milepost-stop-'))]);
});
afterAll(async () => {
  await model.close();
  await rm(folder, { recursive: true });
});

const start = () => startServer({ MILEPOST_DATA_DIR: folder, OPENAI_BASE_URL: model.url, SHUTDOWN_GRACE_MS: '1500' });
const postmaster = async () => Number.parseInt(await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8'), 10);

/** A socket that does not come back, with what it was told and the code it was closed with. */
function openSocket({ origin }: ServerProcess) {
  const closed = Promise.withResolvers<number>();
  const client = createClient({
    url: `${origin.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${API_KEY}` },
    lazy: false,
    retryAttempts: 0,
    onNonLazyError: () => {},
    on: { closed: (event) => closed.resolve((event as { code: number }).code) },
  });
  const reader = new TurnText();
  let completed = false;
  const follow = (turnId: string, until: (reader: TurnText) => boolean) => {
    const reached = Promise.withResolvers<void>();
    client.subscribe<{ turnEvents: Parameters<TurnText['take']>[0] }>(
      { query: TURN_EVENTS, variables: { turnId } },
      {
        next: ({ data }) => {
          if (data) reader.take(data.turnEvents);
          if (until(reader)) reached.resolve();
        },
        error: () => {},
        complete: () => {
          completed = true;
        },
      },
    );
    return reached.promise;
  };
  const ask = async (query: string) => (await client.iterate({ query }).next()).value.data;
  return { closed: closed.promise, reader, follow, ask, completed: () => completed };
}

async function startTalking(server: ServerProcess, message: string) {
  const place = hold();
  model.when(message, reply.text('One ', place, 'two'));
  const { turn } = await sendAt(server.origin, 'demo', message);
  await place.reached;
  const socket = openSocket(server);
  await socket.follow(turn.id, ({ text }) => text === 'One ');
  return { place, turnId: turn.id as string, socket };
}

describe('a server that is asked to stop', () => {
  let server: ServerProcess;

  beforeAll(async () => {
    server = await start();
  });

  it('lets turns finish, takes nothing new on, and leaves nothing behind', async () => {
    const database = await postmaster();
    const { place, turnId, socket } = await startTalking(server, 'Finish');
    const queued = await sendAt(server.origin, 'demo', 'Run later');
    const exited = server.terminate();
    while ((await socket.ask(SEND)).sendMessage.code !== 'UNAVAILABLE');
    await expect(fetch(server.origin)).rejects.toThrow();
    place.release();

    expect([await exited, await socket.closed]).toEqual([0, 1012]);
    expect([socket.reader.text, socket.reader.types.at(-1)]).toEqual(['One two', 'TurnCompleted']);
    expect(isAlive(database)).toBe(false);
    expect(model.calls('Run later')).toBe(0);

    server = await start();
    await model.received('Run later');
    const [finished] = await turnsAt(server.origin, [turnId, queued.turn.id]);
    expect(finished).toMatchObject({ status: 'COMPLETED', reply: { text: 'One two' } });
  });

  it('ends turns that take longer than the grace, and lets clients come back for those that have not begun', async () => {
    const { turnId, socket } = await startTalking(server, 'Take your time');
    const { turn } = await sendAt(server.origin, 'demo', 'Behind it');
    const waiting = openSocket(server);
    void waiting.follow(turn.id, () => false);
    await waiting.ask('{ workspace { id } }');

    expect([await server.terminate(), await socket.closed, await waiting.closed]).toEqual([0, 1012, 1012]);
    expect(socket.reader.types.at(-1)).toBe('TurnFailed');
    expect([waiting.reader.types, waiting.completed()]).toEqual([[], false]);
    expect(await (await model.received('Take your time')).ended).toBe('left');

    server = await start();
    await model.received('Behind it');
    const [interrupted] = await turnsAt(server.origin, [turnId]);
    expect(interrupted).toMatchObject({ status: 'FAILED', error: { code: 'INTERRUPTED' }, reply: { text: 'One ' } });
    await server.terminate();
  });
});

describe('a server whose database has vanished without a word', () => {
  it('ends all the same', async () => {
    const { location, drop } = await createTestDatabase();
    const line = await startDatabaseLine(location);
    const environment = { DATABASE_URL: asUrl(line.location), MILEPOST_SECRET: 'x'.repeat(40), SHUTDOWN_GRACE_MS: '0' };
    const server = await startServer(environment);
    line.freeze();
    expect(await server.terminate()).toBe(0);
    await line.close();
    await drop();
  });
});
