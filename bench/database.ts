import { join } from 'node:path';
import pg from 'pg';
import { findRunningServer } from '../src/database/embedded-lookup.ts';
import { sessionSettings } from '../src/database/location.ts';

/** Calls `use` with a session in the embedded database of a running Milepost. */
export async function inDatabase<Result>(
  { dataDir }: { dataDir: string },
  use: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const host = await findRunningServer(join(dataDir, 'postgres'));
  if (host === undefined) throw new Error(`No PostgreSQL serves ${dataDir}`);
  const client = new pg.Client(sessionSettings({ host }));
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** Gathers the planner's statistics now; autovacuum does so within the first minutes of a database. */
export async function analyze(milepost: { dataDir: string }): Promise<void> {
  await inDatabase(milepost, (client) => client.query('ANALYZE'));
}
