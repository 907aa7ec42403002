import type { DatabaseLocation } from './location.ts';
import { listMigrations } from './migrator.ts';
import { newSession } from './session.ts';

/** How a database stands, as far as it matters to an operator. */
export interface DatabaseInspection {
  /** Of PostgreSQL, such as `18.4`. */
  version: string;
  /** The migrations of this version that it lacks; the next start applies them. */
  missingMigrations: string[];
  /** How far its clock is ahead of ours, in milliseconds. */
  clockAheadMs: number;
  /** How many connections it takes. */
  maxConnections: number;
}

const CONNECT_TIMEOUT_MS = 5000;
const FACTS = `SELECT current_setting('server_version') AS version, current_setting('max_connections')::int AS max,
  extract(epoch FROM clock_timestamp()) * 1000 AS now, to_regclass('_prisma_migrations') IS NOT NULL AS migrated`;
const APPLIED =
  'SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL';

/** Looks without changing anything; fails when the database cannot be reached. */
export async function inspectDatabase(location: DatabaseLocation): Promise<DatabaseInspection> {
  const client = newSession(location, { connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  await client.connect();
  try {
    const asked = Date.now();
    const { rows } = await client.query(FACTS);
    // The answer was given somewhere between.
    const ours = (asked + Date.now()) / 2;
    const [{ version, max, now, migrated }] = rows;
    const applied = migrated ? (await client.query(APPLIED)).rows : [];
    const names = new Set(applied.map((row) => row.migration_name));
    return {
      version: String(version).split(' ')[0] ?? '',
      missingMigrations: (await listMigrations()).filter((name) => !names.has(name)),
      clockAheadMs: Math.round(Number(now) - ours),
      maxConnections: max,
    };
  } finally {
    await client.end();
  }
}
