import type pg from 'pg';
import { listMigrations } from './migrator.ts';

/** Longer than a healthy database takes. */
const TIMEOUT_MS = 2000;

const MISSING = `SELECT EXISTS (
  SELECT FROM unnest($1::text[]) AS wanted (name) WHERE NOT EXISTS (
    SELECT FROM _prisma_migrations
    WHERE migration_name = wanted.name AND finished_at IS NOT NULL AND rolled_back_at IS NULL)) AS missing`;

export interface DatabaseProbe {
  /** What the database lacks to be worked with; fails when it cannot be asked. */
  listMissing(): Promise<string[]>;
  close(): Promise<void>;
}

/** Asks over a connection of its own: that all others are busy is no reason to send requests elsewhere. */
export function createDatabaseProbe(openPool: (maxConnections: number) => pg.Pool): DatabaseProbe {
  const pool = openPool(1);
  let migrations: Promise<string[]> | undefined;
  return {
    async listMissing() {
      migrations ??= listMigrations();
      // A question that is not answered closes its connection, so that the next one is not asked of a dead one.
      const question: pg.QueryConfig & { query_timeout: number } = {
        ...{ text: MISSING, values: [await migrations] },
        query_timeout: TIMEOUT_MS,
      };
      const { rows } = await pool.query<{ missing: boolean }>(question);
      return rows[0]?.missing ? ['migrations'] : [];
    },
    close: () => pool.end(),
  };
}
