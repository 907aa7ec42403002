import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DOORS, type Door } from '../support/doors.ts';
import { endless, outcomesOf, underWay } from '../support/interruptions.ts';
import { type Processes, startProcesses } from '../support/processes.ts';
import { NO_REDIS_URL } from '../support/redis.ts';
import { reply } from '../support/scripted-model.ts';
import { peopleAt, sendAt, turnsAt } from '../support/server-process.ts';
import { TurnText } from '../support/turn-readers.ts';

const SUITE = 'a process that is killed while it runs 30 turns';
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

  it('leaves readers elsewhere with the end of each, or with its reply, and no message unanswered', async () => {
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
});
