import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  chaosModel,
  chat,
  expectedReply,
  hasEnd,
  type Said,
  usesTool,
  watch as watchChat,
} from '../support/chaos-clients.ts';
import { doHarm, startPlaces, type Victims } from '../support/chaos-faults.ts';
import type { ConversationText } from '../support/conversation-reader.ts';
import { NO_REDIS, startTestRedis } from '../support/redis.ts';
import { type ScriptedModel, startScriptedModel } from '../support/scripted-model.ts';
import { inSession } from '../support/server.ts';
import { peopleAt } from '../support/server-process.ts';
import { startStoppableDatabase } from '../support/stoppable-database.ts';

const SUITE = 'three processes, 200 conversations and a minute of faults';
const SEED = Number(process.env.CHAOS_SEED ?? 20_261_121);
const SECONDS = Number(process.env.CHAOS_SECONDS ?? 60);
const CONVERSATIONS = 200;
/** Every so many conversations somebody looks on. */
const WATCHED = 10;
/** How long it may take until everything is well again after the last fault, in milliseconds. */
const HEALING_MS = 60_000;

/** A turn as it is stored. */
interface Stored {
  id: string;
  conversation: string;
  number: number;
  status: 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'QUEUED' | 'RUNNING';
  error: string | null;
  attempt: number;
  clientMessageId: string;
  startedAt: Date | null;
  finishedAt: Date | null;
  messageIds: string[];
  messages: string[];
  replies: string[];
}

describe.skipIf(NO_REDIS)(NO_REDIS ? `${SUITE}: ${NO_REDIS}` : SUITE, () => {
  let victims: Victims;
  let model: ScriptedModel;
  let said: Said[];
  let stored: Stored[];
  const watched = new Map<string, ConversationText>();
  const byMessage = new Map<string, Stored>();

  beforeAll(
    async () => {
      const [database, redis] = await Promise.all([startStoppableDatabase(), startTestRedis()]);
      model = await startScriptedModel();
      model.otherwise(chaosModel);
      const environment = {
        DATABASE_URL: database.url,
        REDIS_URL: redis.url,
        MILEPOST_SECRET: 'a secret for tests, of more than 32 characters',
        OPENAI_BASE_URL: model.url,
        SHUTDOWN_GRACE_MS: '1000',
        SSE_HEARTBEAT_MS: '1000',
      };
      victims = { places: await startPlaces(3, environment), redis, database, environment };
      const origins = victims.places.map(({ origin }) => origin);
      const people = await peopleAt(origins[0] as string, CONVERSATIONS);

      let harmed = false;
      const given = new AbortController();
      let silent = false;
      const watching: Promise<unknown>[] = [];
      const chats = people.map((person, nth) => {
        const all: Said[] = [];
        if (nth % WATCHED === 0) {
          const watch = watchChat(origins, all, SEED - nth, { stopped: () => silent, given: given.signal });
          watching.push(watch.then((seen) => watched.set(person, seen)));
        }
        return chat(origins, person, SEED + nth, { stopping: () => harmed, given: given.signal, all });
      });
      const faults = await doHarm(victims, SEED, SECONDS * 1000);
      harmed = true;
      const healed = Promise.all(chats);
      void pause(HEALING_MS).then(() => given.abort());
      said = (await healed).flat();
      silent = true;
      await Promise.all(watching);
      stored = await turnsIn(database.url);
      for (const turn of stored) byMessage.set(turn.clientMessageId, turn);
      console.info(summary(faults, said, stored));
    },
    SECONDS * 1000 + 2 * HEALING_MS,
  );
  afterAll(async () => {
    await Promise.all((victims?.places ?? []).map(({ server }) => server.terminate()));
    await Promise.all([model?.close(), victims?.redis.stop()]);
    await victims?.database.close();
  });

  const of = ({ clientMessageId }: Said) => byMessage.get(clientMessageId);
  const heard = () => said.flatMap((one) => (one.read && hasEnd(one.read) ? [{ ...one, read: one.read }] : []));

  it('make one turn of every message that was acknowledged, as it was said', () => {
    expect(new Set(stored.map(({ clientMessageId }) => clientMessageId)).size).toBe(stored.length);
    expect(said.filter((one) => one.turnId && of(one)?.id !== one.turnId)).toEqual([]);
    expect(said.filter((one) => one.turnId && of(one)?.messages.join() !== one.text)).toEqual([]);
  });

  it('take every message in the end, and tell everybody how it ended', () => {
    expect(said.filter(({ turnId }) => turnId === undefined)).toEqual([]);
    expect(said.filter(({ read }) => !read || !hasEnd(read))).toEqual([]);
  });

  it('end every turn in a stated way', () => {
    expect(stored.filter(({ status }) => status === 'QUEUED' || status === 'RUNNING')).toEqual([]);
    expect(stored.filter(({ finishedAt }) => finishedAt === null)).toEqual([]);
    expect(stored.filter(({ status, error }) => status === 'FAILED' && error !== 'INTERRUPTED')).toEqual([]);
    const unasked = stored.filter(
      ({ status, clientMessageId }) =>
        status === 'CANCELLED' && !said.find((one) => one.clientMessageId === clientMessageId)?.cancelled,
    );
    expect(unasked).toEqual([]);
  });

  it('store the whole reply of a turn that was completed, and a beginning of it otherwise', () => {
    for (const one of said) {
      const { status, replies } = of(one) as Stored;
      if (status === 'COMPLETED') expect(replies).toEqual([expectedReply(one.text)]);
      else expect(expectedReply(one.text).startsWith(replies.join())).toBe(true);
    }
  });

  it('tell everybody what is stored, neither more nor less, wherever they went on', () => {
    for (const { read, overRest, ...one } of heard()) {
      const { status, replies } = of(one as Said) as Stored;
      const text = replies.join();
      const context = { ...one, stored: text, overRest, status, types: read.types.slice(-8), cursor: read.after };
      if (status === 'COMPLETED' || !overRest) expect({ ...context, text: read.text }).toEqual({ ...context, text });
      // What was shown and then lost cannot be taken back there.
      else expect({ ...context, told: read.text, begins: read.text.startsWith(text) }).toMatchObject({ begins: true });
    }
  });

  it('tell everybody the end that is stored', () => {
    const word = { COMPLETED: 'TurnCompleted', FAILED: 'TurnFailed', CANCELLED: 'TurnCancelled' } as Record<
      string,
      string
    >;
    const told = heard().map(({ read, overRest, ...one }) => {
      const { status } = of(one as Said) as Stored;
      return [read.types.at(-1), overRest && status === 'CANCELLED' ? 'TurnFailed' : word[status]];
    });
    expect(told.filter(([end, expected]) => end !== expected)).toEqual([]);
  });

  it('tell those who look on at a conversation all that was said in it, once', () => {
    expect(watched.size).toBe(CONVERSATIONS / WATCHED);
    for (const [person, { ended, replies, messages }] of watched) {
      expect(new Set(messages).size).toBe(messages.length);
      for (const one of said.filter(({ externalId }) => externalId === person)) {
        const { id, messageIds, replies: stored, ...turn } = of(one) as Stored;
        const reply = stored.join();
        // A turn without a reply leaves nothing in a snapshot.
        const told = {
          message: messages.includes(messageIds[0] as string),
          ended: ended.has(id) || reply === '',
          reply: replies.get(id) ?? '',
        };
        expect({ ...turn, ...told }).toEqual({ ...turn, message: true, ended: true, reply });
      }
    }
  });

  it('run the turns of a conversation one after the other, in the order of their messages', () => {
    for (const turns of Map.groupBy(stored, ({ conversation }) => conversation).values()) {
      expect(turns.map(({ number }) => number)).toEqual(turns.map((_, nth) => nth + 1));
      const run = turns.filter(({ startedAt }) => startedAt !== null);
      for (const [nth, turn] of run.slice(1).entries())
        expect(turn.startedAt?.getTime()).toBeGreaterThanOrEqual(run[nth]?.finishedAt?.getTime() as number);
    }
  });

  it('ask the model once for each time a turn was begun', () => {
    for (const one of said) {
      const { status, attempt } = of(one) as Stored;
      const most = attempt * (usesTool(one.text) ? 2 : 1);
      expect(model.calls(one.text)).toBeLessThanOrEqual(most);
      if (status === 'COMPLETED') expect(model.calls(one.text)).toBeGreaterThan(0);
    }
  });

  it('leave no conversation in the belief that a turn runs', async () => {
    const { rows } = await inSession({ url: victims.database.url }, (client) =>
      client.query('SELECT id FROM conversations WHERE active_turn_id IS NOT NULL'),
    );
    expect(rows).toEqual([]);
  });
});

async function turnsIn(url: string): Promise<Stored[]> {
  const { rows } = await inSession({ url }, (client) =>
    client.query(`
      SELECT id, conversation_id AS conversation, number, status, error_code AS error, attempt, client_message_id AS "clientMessageId",
        started_at AS "startedAt", finished_at AS "finishedAt",
        ARRAY(SELECT id FROM messages WHERE turn_id = turns.id AND role = 'USER') AS "messageIds",
        ARRAY(SELECT text FROM messages WHERE turn_id = turns.id AND role = 'USER') AS messages,
        ARRAY(SELECT text FROM messages WHERE turn_id = turns.id AND role = 'ASSISTANT') AS replies
      FROM turns ORDER BY conversation_id, number`),
  );
  return rows;
}

function summary(faults: string[], said: Said[], stored: Stored[]): string {
  const ends = Object.entries(Object.groupBy(stored, ({ status }) => status)).map(
    ([status, { length }]) => `${length} ${status}`,
  );
  const cuts = said.reduce((sum, one) => sum + one.cuts, 0);
  const gaps = said.filter(({ read }) => read?.types.includes('StreamGap')).length;
  const again = stored.filter(({ attempt }) => attempt > 1).length;
  return `Seed ${SEED}: ${faults.join(', ')}. ${stored.length} turns: ${ends.join(', ')}; ${again} begun again, ${cuts} connections lost, ${gaps} replies with a gap.`;
}
