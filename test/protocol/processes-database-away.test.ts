import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/database/client.ts';
import { listAbandonedTurns } from '../../src/turns/abandoned.ts';
import { DOORS } from '../support/doors.ts';
import { type Processes, startProcesses } from '../support/processes.ts';
import { NO_REDIS_URL } from '../support/redis.ts';
import { hold, reply } from '../support/scripted-model.ts';
import { API_KEY, peopleAt, sendAt, turnsAt } from '../support/server-process.ts';
import { type StoppableDatabase, startStoppableDatabase } from '../support/stoppable-database.ts';
import { TurnText } from '../support/turn-readers.ts';

const SUITE = 'processes whose PostgreSQL is stopped and started again';
/** Longer than the lease of a turn. */
const ABSENCE_MS = 11_000;

describe.skipIf(NO_REDIS_URL)(NO_REDIS_URL ? `${SUITE}: ${NO_REDIS_URL}` : SUITE, () => {
  let database: StoppableDatabase;
  let processes: Processes;
  let people: string[];
  let origins: [string, string];

  beforeAll(async () => {
    database = await startStoppableDatabase();
    processes = await startProcesses(2, { databaseUrl: database.url });
    origins = processes.servers.map(({ origin }) => origin) as typeof origins;
    people = await peopleAt(origins[0], 10);
  }, 60_000);
  afterAll(async () => {
    await processes?.close();
    await database?.close();
  });

  it('refuse new messages meanwhile, and store what runs when it is back, whoever else would have taken it over', async () => {
    const [a, b] = origins;
    const [middle, last] = [hold(), hold()];
    processes.model.when('Outlast it', reply.text('One ', middle, 'two ', last, 'three'));
    processes.model.when('Finish meanwhile', reply.text('Soon ', middle, 'over'));
    const [long, short] = await Promise.all([
      sendAt(a, people[0] as string, 'Outlast it'),
      sendAt(a, people[1] as string, 'Finish meanwhile'),
    ]);
    const [longer, shorter] = [long, short].map(({ turn, cursor }) =>
      DOORS['GraphQL over WebSocket'](b, turn.id, new TurnText(cursor)),
    ) as [ReturnType<(typeof DOORS)['REST']>, ReturnType<(typeof DOORS)['REST']>];
    await Promise.all([longer.untilText('One '), shorter.untilText('Soon ')]);

    await database.stop();
    const stoppedAt = performance.now();
    middle.release();
    // What runs goes on being told, over Redis.
    await Promise.all([longer.untilText('One two '), shorter.untilText('Soon over')]);
    for (const origin of origins) expect(await sendingStatus(origin, people[2] as string)).toBe(503);
    await pause(stoppedAt + ABSENCE_MS - performance.now());
    await database.start();
    expect((await shorter.rest()).types.at(-1)).toBe('TurnCompleted');
    last.release();
    expect((await longer.rest()).text).toBe('One two three');
    const turns = await turnsAt(b, [long.turn.id, short.turn.id]);
    expect(turns).toMatchObject([
      { status: 'COMPLETED', reply: { text: 'One two three' } },
      { status: 'COMPLETED', reply: { text: 'Soon over' } },
    ]);
    expect(await sendingStatus(a, people[2] as string)).toBe(200);
  }, 60_000);

  it('are given the time to show that they live before others take their turns over', async () => {
    const place = hold();
    processes.model.when('Still here', reply.text('One ', place, 'two'));
    const { turn, cursor } = await sendAt(origins[0], people[3] as string, 'Still here');
    const reader = DOORS.REST(origins[1], turn.id, new TurnText(cursor));
    await reader.untilText('One ');
    await database.stop();
    await database.start();
    const { db, close } = openDatabase({ location: { url: database.url }, maxConnections: 1, onConnectionLost() {} });
    const abandoned = await db.$transaction(async (tx) => {
      // Nobody can renew it until we have looked.
      await tx.turn.updateMany({ where: { id: turn.id }, data: { leaseExpiresAt: new Date(Date.now() - 60_000) } });
      return listAbandonedTurns(tx as typeof db);
    });
    await close();
    expect(abandoned).toEqual([]);
    place.release();
    expect((await reader.rest()).text).toBe('One two');
  });
});

async function sendingStatus(origin: string, person: string): Promise<number> {
  const { status } = await fetch(`${origin}/conversation/${person}/chat/web`, {
    method: 'POST',
    headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ text: 'Is anybody there?' }),
  });
  return status;
}
