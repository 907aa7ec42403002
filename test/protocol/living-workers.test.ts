import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../src/database/client.ts';
import { LivingWorkers } from '../../src/database/living-workers.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type DatabaseLine, startDatabaseLine } from '../support/database-line.ts';
import { inSession } from '../support/server.ts';

describe('the session that tells which workers are alive', () => {
  let target: TestDatabase;
  let line: DatabaseLine;
  let database: Database;

  beforeAll(async () => {
    target = await createTestDatabase();
    line = await startDatabaseLine(target.location);
    database = openDatabase({ location: line.location, maxConnections: 4, onConnectionLost: () => {} });
  });
  afterAll(async () => {
    await database.close();
    await line.close();
    await target.drop();
  });

  const locks = (granted: boolean) =>
    inSession(target.location, async (client) => {
      const { rows } = await client.query(
        `SELECT count(*)::int FROM pg_locks JOIN pg_database ON pg_database.oid = database
         WHERE locktype = 'advisory' AND datname = current_database() AND granted = $1`,
        [granted],
      );
      return rows[0].count as number;
    });

  it('is one also when the line breaks again while it is being made anew', async () => {
    const workers = new LivingWorkers(database.pool, pino({ level: 'silent' }));
    await workers.start();
    workers.add('worker');
    await expect.poll(() => locks(true)).toBe(1);
    await inSession(target.location, async (client) => {
      line.cut();
      await expect.poll(() => locks(true)).toBe(0);
      // As if the database had not noticed yet that the first session is gone.
      await client.query(`SELECT pg_advisory_lock(classid::int, objid::int) FROM (
        SELECT ${0x6d_69_6c_65} AS classid, hashtext('worker') AS objid) AS worker`);
      line.mend();
      await expect.poll(() => locks(false), { timeout: 10_000 }).toBe(1);
      line.cut();
      line.mend();
      // What waits for a lock does not notice that its client is gone.
      await expect.poll(() => locks(false), { timeout: 10_000 }).toBe(2);
    });
    await expect.poll(async () => [await locks(true), await locks(false)]).toEqual([1, 0]);
    await workers.stop();
  });
});
