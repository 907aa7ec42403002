import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/ids.ts';
import { DOORS, type Door } from '../support/doors.ts';
import { endless, outcomesOf, underWay } from '../support/interruptions.ts';
import { type Processes, startProcesses } from '../support/processes.ts';
import { NO_REDIS_URL } from '../support/redis.ts';
import { hold, reply } from '../support/scripted-model.ts';
import { inSession } from '../support/server.ts';
import { peopleAt, sendAt, turnsAt } from '../support/server-process.ts';
import { TurnText } from '../support/turn-readers.ts';

const SUITE = 'a process that is killed';
const STREAMS = 30;
const SILENT = 5;
const QUEUED = 10;

describe.skipIf(NO_REDIS_URL)(NO_REDIS_URL ? `${SUITE}: ${NO_REDIS_URL}` : SUITE, () => {
  let processes: Processes;
  let people: string[];

  beforeAll(async () => {
    processes = await startProcesses(3);
    processes.model.when(/^Talk/, endless);
    people = await peopleAt(processes.servers[0]?.origin as string, STREAMS + SILENT);
  });
  afterAll(() => processes?.close());

  it('while it runs 30 turns leaves readers elsewhere with the end of each or with its reply, and no message unanswered', async () => {
    const [dying, ...others] = processes.servers.map(({ origin }) => origin) as [string, string, string];
    const doors = Object.values(DOORS);
    const follow = (sent: { turn: { id: string }; cursor: string }, nth: number) => {
      const reader = (doors[nth % doors.length] as Door)(
        others[nth % 2] as string,
        sent.turn.id,
        new TurnText(sent.cursor),
      );
      return { reader, ended: reader.rest(), id: sent.turn.id };
    };
    const texts = Array.from({ length: STREAMS }, (_, nth) => `Talk ${nth}`);
    const talks = await Promise.all(
      texts.map(async (text, nth) => follow(await sendAt(dying, people[nth] as string, text), nth)),
    );
    const thoughts = await Promise.all(
      people.slice(STREAMS).map(async (person, nth) => {
        const text = `Think ${nth}`;
        processes.model.when(text, reply.hang(), reply.echo());
        const sent = await sendAt(dying, person, text);
        await processes.model.received(text);
        return { ...follow(sent, nth), text };
      }),
    );
    const waiting = await Promise.all(
      people.slice(0, QUEUED).map(async (person, nth) => {
        const text = `Wait ${nth}`;
        return { ...follow(await sendAt(dying, person, text), nth), text };
      }),
    );
    await underWay(texts, () => talks.every(({ reader }) => reader.read.text !== ''));
    await processes.servers[0]?.kill();

    const all = [...talks, ...thoughts, ...waiting];
    const outcomes = await outcomesOf(
      others[0],
      all.map(({ id }) => id),
    );
    expect(outcomes.size).toBe(STREAMS + SILENT + QUEUED);
    for (const { ended, id } of talks) {
      const { text, types } = await ended;
      const turn = outcomes.get(id);
      expect([turn.status, turn.error.code, types.at(-1)]).toEqual(['FAILED', 'INTERRUPTED', 'TurnFailed']);
      // The log outlives the process: what its readers have seen is what is kept, to the last letter.
      expect(turn.reply.text).toBe(text);
      expect(types).not.toContain('StreamGap');
    }
    for (const { ended, text, id } of [...thoughts, ...waiting]) {
      expect(await ended).toMatchObject({ text: `Echo: ${text}` });
      expect(outcomes.get(id)).toMatchObject({
        status: 'COMPLETED',
        message: { text },
        reply: { text: `Echo: ${text}` },
      });
    }
    for (const { text } of waiting) expect(processes.model.calls(text)).toBe(1);
    expect(
      (
        await turnsAt(
          others[1],
          all.map(({ id }) => id),
        )
      ).every((turn) => turn?.message.text),
    ).toBe(true);
  }, 60_000);

  it('after an end was stored and before it was told leaves nobody waiting', async () => {
    const dying = await processes.add();
    const reader = processes.servers[1]?.origin as string;
    processes.model.when('Never told', reply.text('One ', hold()));
    const { turn, cursor } = await sendAt(dying.origin, people[0] as string, 'Never told');
    const readers = Object.values(DOORS).map((follow) => follow(reader, turn.id, new TurnText(cursor)));
    await Promise.all(readers.map((one) => one.untilText('One ')));
    await dying.kill();
    // What it would have stored in its last moment.
    await inSession({ url: processes.environment.DATABASE_URL as string }, (client) =>
      client.query(
        `WITH ended AS (UPDATE turns SET status = 'CANCELLED', finished_at = now() WHERE id = '${turn.id}' RETURNING *), told AS (
          INSERT INTO messages (id, workspace_id, conversation_id, turn_number, turn_id, role, text, token_count)
          SELECT '${newId('Message')}', workspace_id, conversation_id, number, id, 'ASSISTANT', 'One and more', 3 FROM ended)
        UPDATE conversations SET active_turn_id = NULL WHERE active_turn_id = '${turn.id}'`,
      ),
    );
    for (const one of readers) expect((await one.rest()).text).toBe('One and more');
    expect(readers.map(({ read }) => read.types.at(-1))).toEqual(['TurnCancelled', 'TurnCancelled', 'TurnFailed']);
  });
});
