import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRedisAnnouncements } from '../../src/redis/announcements.ts';
import { RedisConnection } from '../../src/redis/connection.ts';
import { DOORS } from '../support/doors.ts';
import { type Processes, startProcesses } from '../support/processes.ts';
import { NO_REDIS_URL } from '../support/redis.ts';
import { hold, reply } from '../support/scripted-model.ts';
import { cancelAt, peopleAt, sendAt, turnsAt } from '../support/server-process.ts';
import { TurnText } from '../support/turn-readers.ts';

const SUITE = 'three processes over one database and one Redis';

describe.skipIf(NO_REDIS_URL)(NO_REDIS_URL ? `${SUITE}: ${NO_REDIS_URL}` : SUITE, () => {
  let processes: Processes;
  let people: string[];
  let origins: [string, string, string];
  const nextPerson = () => people.pop() as string;

  beforeAll(async () => {
    processes = await startProcesses(3);
    origins = processes.servers.map(({ origin }) => origin) as typeof origins;
    people = await peopleAt(origins[0], 20);
  });
  afterAll(() => processes?.close());

  const statusOf = async (turnId: string) => (await turnsAt(origins[0], [turnId]))[0];

  describe.each(Object.keys(DOORS) as (keyof typeof DOORS)[])('%s', (name) => {
    const follow = DOORS[name];

    it('follows at the second what was sent at the first, and goes on at the third', async () => {
      const [a, b, c] = origins;
      const text = `By ${name}`;
      const [first, second] = [hold(), hold()];
      processes.model.when(text, reply.text('One ', 'two ', first, 'three ', second, 'four'));
      const { turn, cursor } = await sendAt(a, nextPerson(), text);
      const there = follow(b, turn.id, new TurnText(cursor));
      await there.untilText('One two ');
      await there.leave();
      first.release();
      const further = follow(c, turn.id, there.read);
      await further.untilText('One two three ');
      second.release();
      const { text: all, types } = await further.rest();
      expect([all, types.at(-1)]).toEqual(['One two three four', 'TurnCompleted']);
      expect(types).not.toContain('StreamGap');
      expect(processes.model.calls(text)).toBe(1);
      expect((await statusOf(turn.id)).reply.text).toBe(all);
    });

    it('tells a turn of another process from its beginning, while it runs and when it is over', async () => {
      const [a, b, c] = origins;
      const text = `Whole by ${name}`;
      const place = hold();
      processes.model.when(text, reply.text('One ', place, 'two'));
      const { turn } = await sendAt(a, nextPerson(), text);
      await place.reached;
      const reading = follow(b, turn.id, new TurnText());
      await reading.untilText('One ');
      place.release();
      expect((await reading.rest()).text).toBe('One two');
      expect((await follow(c, turn.id, new TurnText()).rest()).text).toBe('One two');
    });

    it('tells of a cancelling at another process', async () => {
      const [a, b, c] = origins;
      const text = `Stop by ${name}`;
      processes.model.when(text, reply.text('One ', hold()));
      const { turn, cursor } = await sendAt(a, nextPerson(), text);
      const reading = follow(c, turn.id, new TurnText(cursor));
      await reading.untilText('One ');
      await cancelAt(b, turn.id);
      const { types } = await reading.rest();
      expect(types.at(-1)).toBe(name === 'REST' ? 'TurnFailed' : 'TurnCancelled');
      expect(await statusOf(turn.id)).toMatchObject({ status: 'CANCELLED', reply: { text: 'One ' } });
    });
  });

  it('stops a turn on the word of another process alone, before the database could tell of it', async () => {
    const [a, b] = origins;
    processes.model.when('Hold on', reply.text('One ', hold()));
    const { turn, cursor } = await sendAt(a, nextPerson(), 'Hold on');
    const reading = DOORS['GraphQL over WebSocket'](b, turn.id, new TurnText(cursor));
    await reading.untilText('One ');
    // Nothing is stored of it: whoever learns of it has heard it from us.
    const connection = new RedisConnection(processes.redisUrl, pino({ level: 'silent' }));
    await connection.open();
    createRedisAnnouncements(connection, pino({ level: 'silent' })).tell({ type: 'CancelRequested', turnId: turn.id });
    expect((await reading.rest()).types.at(-1)).toBe('TurnCancelled');
    await connection.close();
  });

  it('cancels a queued turn at another process than the one it waits behind', async () => {
    const [a, b, c] = origins;
    const place = hold();
    processes.model.when('Run first', reply.text('One ', place, 'two'));
    const person = nextPerson();
    const running = await sendAt(a, person, 'Run first');
    const waiting = await sendAt(b, person, 'Wait behind');
    const reading = DOORS['GraphQL over SSE'](a, waiting.turn.id, new TurnText(waiting.cursor));
    expect((await cancelAt(c, waiting.turn.id)).status).toBe('CANCELLED');
    expect((await reading.rest()).types).toEqual(['TurnCancelled']);
    place.release();
    expect((await DOORS.REST(c, running.turn.id, new TurnText()).rest()).text).toBe('One two');
    expect(processes.model.calls('Wait behind')).toBe(0);
  });
});
