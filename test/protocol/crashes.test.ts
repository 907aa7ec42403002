import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from '../support/database.ts';
import { endless, expectPartial, measured, outcomesOf, underWay } from '../support/interruptions.ts';
import { reply, type ScriptedModel, startScriptedModel } from '../support/scripted-model.ts';
import { asUrl } from '../support/server.ts';
import { API_KEY, peopleAt, type ServerProcess, sendAt, startServer, turnsAt } from '../support/server-process.ts';
import { readByEventSource, readBySocket, readBySse } from '../support/turn-readers.ts';

const KILLS = 3;
const STREAMS = 30;
const SILENT = 5;
const QUEUED = 10;

let model: ScriptedModel;
let beside: ReturnType<typeof killBeside>;

beforeAll(async () => {
  model = await startScriptedModel();
  model.when(/^Talk/, endless);
  // It takes as long as a lease; the other kills are done meanwhile.
  beside = killBeside();
  beside.catch(() => {});
});

afterAll(async () => {
  await model.close();
  const most = (values: number[]) => Math.round(Math.max(...values));
  const { losses, recoveries } = measured;
  console.info(`${KILLS + 1} kills: at most ${most(losses)} ms of text lost, outcomes within ${most(recoveries)} ms.`);
});

interface Talk {
  turnId: string;
  text: string;
  /** What the client has put together. */
  seen(): string;
  ended: Promise<{ text: string; last: string }>;
}

/** Begins a turn that is read through one of the three doors. */
async function talk(origin: string, person: string, text: string, door: number): Promise<Talk> {
  let seen = '';
  if (door === 2) {
    const query = new URLSearchParams({ channel_id: 'web', message: text, client_message_id: text });
    const url = `${origin}/conversation/${person}/streaming?${query}`;
    const ended = readByEventSource(url, API_KEY, {
      retryMs: 100,
      onText: (all) => {
        seen = all;
      },
    });
    const turnId = await turnIdOf(url);
    return {
      turnId,
      text,
      seen: () => seen,
      ended: ended.then(({ text: all, last }) => ({ text: all, last: last.type })),
    };
  }
  const { turn, cursor } = await sendAt(origin, person, text);
  const read = door === 0 ? readBySocket : readBySse;
  const options = { origin, credential: API_KEY, turnId: turn.id, after: cursor, retryMs: 100 };
  const ended = read({
    ...options,
    onEvent: (reader) => {
      seen = reader.text;
    },
  });
  return {
    turnId: turn.id,
    text,
    seen: () => seen,
    ended: ended.then((reader) => ({ text: reader.text, last: reader.types.slice(-2).join() })),
  };
}

/** The same message again under its id is attached to its turn, which the answer names. */
async function turnIdOf(url: string): Promise<string> {
  const leaving = new AbortController();
  const { headers } = await fetch(url, { headers: { authorization: `Bearer ${API_KEY}` }, signal: leaving.signal });
  leaving.abort();
  return headers.get('content-location')?.split('/')[2] as string;
}

describe(`a server that is killed in the middle of ${STREAMS} streams`, () => {
  let folder: string;
  let server: ServerProcess;
  let environment: Record<string, string>;
  let people: string[];
  const acknowledged: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'milepost-crash-'));
    environment = { MILEPOST_DATA_DIR: folder, OPENAI_BASE_URL: model.url };
    server = await startServer(environment);
    environment.PORT = new URL(server.origin).port;
    people = await peopleAt(server.origin, STREAMS + SILENT);
  });
  afterAll(async () => {
    await server.terminate();
    await rm(folder, { recursive: true });
  });

  it.each(Array.from({ length: KILLS }, (_, index) => index + 1))(
    'loses nothing the %i. time',
    async (round) => {
      const { origin } = server;
      const talks = await Promise.all(
        people.slice(0, STREAMS).map((person, index) => talk(origin, person, `Talk ${round}.${index}`, index % 3)),
      );
      const silent = people.slice(STREAMS).map((person) => ({ person, text: `Think ${round}.${person}` }));
      for (const { text } of silent) model.when(text, reply.hang(), reply.echo());
      const thinking = await Promise.all(silent.map(({ person, text }) => sendAt(origin, person, text)));
      const waiting = await Promise.all(
        people.slice(0, QUEUED).map((person) => sendAt(origin, person, `Wait ${round}.${person}`)),
      );
      acknowledged.push(
        ...[...talks.map(({ turnId }) => turnId), ...[...thinking, ...waiting].map(({ turn }) => turn.id)],
      );
      const texts = talks.map(({ text }) => text);
      await underWay(texts, () => talks.every(({ seen }) => seen() !== ''));

      await server.kill();
      const killedAt = performance.now();
      server = await startServer(environment);
      const outcomes = await outcomesOf(origin, acknowledged.slice(-(STREAMS + SILENT + QUEUED)));

      expect(outcomes.size).toBe(STREAMS + SILENT + QUEUED);
      for (const { turnId, text, ended } of talks) {
        const turn = outcomes.get(turnId);
        expectPartial(turn, text, killedAt);
        const stored = turn.reply.text;
        const read = await ended;
        // The older API cannot take back what it has told; the others are told to replace it.
        if (read.last === 'error') expect(read.text.startsWith(stored)).toBe(true);
        else expect(read).toEqual({ text: stored, last: 'StreamGap,TurnFailed' });
        expect(model.calls(text)).toBe(1);
      }
      for (const { turn } of [...thinking, ...waiting]) {
        const { status, message, reply: answer } = outcomes.get(turn.id);
        expect([status, answer.text]).toEqual(['COMPLETED', `Echo: ${message.text}`]);
      }
    },
    60_000,
  );

  it('has every message that was acknowledged', async () => {
    const turns = [];
    for (let from = 0; from < acknowledged.length; from += 100)
      turns.push(...(await turnsAt(server.origin, acknowledged.slice(from, from + 100))));
    expect(turns.filter((turn) => turn?.message.text)).toHaveLength(KILLS * (STREAMS + SILENT + QUEUED));
  });
});

/** Kills one of two servers that share a database; how its turns stand after the other has had its time. */
async function killBeside() {
  const { location, drop } = await createTestDatabase();
  const MILEPOST_SECRET = 'a secret for tests, of more than 32 characters';
  const environment = { DATABASE_URL: asUrl(location), MILEPOST_SECRET, OPENAI_BASE_URL: model.url };
  const [dying, living] = await Promise.all([startServer(environment), startServer(environment)]);
  const [first, second] = (await peopleAt(dying.origin, 2)) as [string, string];
  model.when('Ponder', reply.hang(), reply.echo());
  const talk = await sendAt(dying.origin, first, 'Talk beside');
  const thinking = await sendAt(dying.origin, second, 'Ponder');
  const waiting = await sendAt(dying.origin, first, 'Stand by');
  await model.received('Ponder');
  await underWay(['Talk beside']);
  await dying.kill();
  const killedAt = performance.now();
  const ids = [talk, thinking, waiting].map(({ turn }) => turn.id as string);
  const outcomes = await outcomesOf(living.origin, ids);
  await living.terminate();
  await drop();
  return { turns: ids.map((id) => outcomes.get(id)), killedAt };
}

describe('a server beside one that is killed', () => {
  it('ends the turns that had shown something, runs the others again, and goes on with the queue', async () => {
    const { turns, killedAt } = await beside;
    expectPartial(turns[0], 'Talk beside', killedAt);
    expect(turns[1]).toMatchObject({ status: 'COMPLETED', reply: { text: 'Echo: Ponder' } });
    expect(turns[2]).toMatchObject({ status: 'COMPLETED', reply: { text: 'Echo: Stand by' } });
  });
});
