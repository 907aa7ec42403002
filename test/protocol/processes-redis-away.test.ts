import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DOORS, type DoorReader } from '../support/doors.ts';
import { type Processes, startProcesses } from '../support/processes.ts';
import { NO_REDIS, startTestRedis, type TestRedis } from '../support/redis.ts';
import { type Hold, hold, reply } from '../support/scripted-model.ts';
import { API_KEY, cancelAt, peopleAt, sendAt, turnsAt } from '../support/server-process.ts';
import { TurnText } from '../support/turn-readers.ts';

const SUITE = 'processes whose Redis goes away and comes back empty';

describe.skipIf(NO_REDIS)(NO_REDIS ? `${SUITE}: ${NO_REDIS}` : SUITE, () => {
  let redis: TestRedis;
  let processes: Processes;
  let people: string[];
  let origins: [string, string];
  const nextPerson = () => people.pop() as string;

  beforeAll(async () => {
    redis = await startTestRedis();
    processes = await startProcesses(2, { redisUrl: redis.url });
    origins = processes.servers.map(({ origin }) => origin) as typeof origins;
    people = await peopleAt(origins[0], 50);
  });
  afterAll(async () => {
    await processes?.close();
    await redis?.stop();
  });

  /** A turn of the first process that has said something, read at both and by every door. */
  async function begin(text: string, ...rest: (string | Hold)[]): Promise<{ id: string; readers: DoorReader[] }> {
    processes.model.when(text, reply.text('One ', ...rest));
    const { turn, cursor } = await sendAt(origins[0], nextPerson(), text);
    const readers = origins.flatMap((origin) =>
      Object.values(DOORS).map((follow) => follow(origin, turn.id, new TurnText(cursor))),
    );
    await Promise.all(readers.map((reader) => reader.untilText('One ')));
    return { id: turn.id, readers };
  }

  /** Resolves once all have been told that the log has a gap who can be told so: those of GraphQL. */
  const toldOfGap = (readers: DoorReader[]) =>
    Promise.all(readers.filter((_, nth) => nth % 3 !== 2).map((reader) => reader.untilType('StreamGap')));

  const textsOf = (readers: DoorReader[]) => Promise.all(readers.map(async (reader) => (await reader.rest()).text));

  /** Resolves once replies come over it as before. */
  async function backToNormal(): Promise<void> {
    const hasGap = ({ read }: DoorReader) => read.types.includes('StreamGap');
    // Nothing else says when the processes have found it.
    for (let readers: DoorReader[] | null = null; readers === null || readers.some(hasGap); ) {
      const place = hold();
      ({ readers } = await begin(`As before ${randomUUID()}`, place, 'two'));
      place.release();
      expect(new Set(await textsOf(readers))).toEqual(new Set(['One two']));
    }
  }

  it('tell how a turn ended while it is away', async () => {
    const [first, last] = [hold(), hold()];
    const { id, readers } = await begin('End without it', first, 'two ', last, 'three');
    await redis.stop();
    first.release();
    await toldOfGap(readers);
    last.release();
    expect(new Set(await textsOf(readers))).toEqual(new Set(['One two three']));
    expect(readers.every(({ read }) => read.types.at(-1) === 'TurnCompleted')).toBe(true);
    const [turn] = await turnsAt(origins[1], [id]);
    expect(turn).toMatchObject({ status: 'COMPLETED', reply: { text: 'One two three' } });
    await redis.start();
    await backToNormal();
  });

  it('go on with a turn that is longer than its absence', async () => {
    const [first, second, last] = [hold(), hold(), hold()];
    const { readers } = await begin('Outlast it', first, 'two ', second, 'three ', last, 'four');
    await redis.stop();
    first.release();
    await toldOfGap(readers);
    second.release();
    await redis.start();
    await Promise.all(readers.map((reader) => reader.untilText('One two three ')));
    last.release();
    expect(new Set(await textsOf(readers))).toEqual(new Set(['One two three four']));
    await backToNormal();
  });

  it('take messages meanwhile, answer them, and stop what is to be stopped', async () => {
    const [a, b] = origins;
    const { id, readers } = await begin('Stop without it', hold());
    await redis.stop();
    await toldOfGap(readers);
    const sent = await sendAt(a, nextPerson(), 'Are you there?');
    expect((await DOORS['GraphQL over WebSocket'](b, sent.turn.id, new TurnText(sent.cursor)).rest()).text).toBe(
      'Echo: Are you there?',
    );
    const blocking = await fetch(`${b}/conversation/${nextPerson()}/chat/web`, {
      method: 'POST',
      headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ text: 'Answer me' }),
    });
    expect(((await blocking.json()) as { data: { text: string } }).data.text).toBe('Echo: Answer me');
    await cancelAt(b, id);
    expect(new Set(await textsOf(readers))).toEqual(new Set(['One ']));
    await redis.start();
    await backToNormal();
  });

  it('can be started without it, and use it once it is there', async () => {
    await redis.stop();
    const { origin } = await processes.add();
    const sent = await sendAt(origin, nextPerson(), 'Begun without');
    expect((await DOORS.REST(origin, sent.turn.id, new TurnText(sent.cursor)).rest()).text).toBe('Echo: Begun without');
    const place = hold();
    processes.model.when('Found it', reply.text('One ', place, 'two'));
    const { turn } = await sendAt(origin, nextPerson(), 'Found it');
    await place.reached;
    await redis.start();
    const reader = DOORS['GraphQL over SSE'](origins[0], turn.id, new TurnText());
    await reader.untilText('One ');
    place.release();
    expect((await reader.rest()).text).toBe('One two');
  });
});
