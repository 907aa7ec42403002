// Applies the SQL files of prisma/migrations with the table, the checksums and the lock of `prisma migrate deploy`,
// so that either may continue where the other stopped.
import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { DatabaseLocation } from './location.ts';
import { newSession } from './session.ts';

/** One session, never a pool: the lock belongs to it. */
export interface MigrationSession {
  /** Sends SQL that may hold many statements, as it is. */
  script(sql: string): Promise<unknown>;
  query(sql: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
}

/** The schema cannot be brought up to date; the message tells an operator why. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

interface Migration {
  name: string;
  sql: string;
}

const MIGRATIONS = join(import.meta.dirname, '..', '..', 'prisma', 'migrations');
/** The oldest major version of PostgreSQL that will do. */
export const OLDEST_VERSION = 15;
const PRISMA_LOCK = 72707369;
const TABLE = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum VARCHAR(64) NOT NULL,
  finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL,
  logs TEXT,
  rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`;
// Such a file cannot run inside a transaction of ours.
const OWN_TRANSACTIONS = /^\s*(BEGIN|COMMIT|START\s+TRANSACTION)\b|\bCONCURRENTLY\b/im;

/** Brings the database at a location up to date, or up to one migration, and returns the names of those that were missing. */
export async function migrateDatabase(
  location: DatabaseLocation,
  { upTo }: { upTo?: string | undefined } = {},
): Promise<string[]> {
  const client = newSession(location);
  await client.connect();
  try {
    const session = { script: (sql: string) => client.query(sql), query: client.query.bind(client) };
    await refuseOldServer(session);
    return await migrate(session, MIGRATIONS, { upTo });
  } finally {
    await client.end();
  }
}

/**
 * Applies the migrations of a directory that the database lacks, in the order of their names, and returns those names; with
 * `upTo` none that come after it.
 * Each is applied as a whole or not at all. Throws MigrationError when the database and the files contradict each other.
 */
export async function migrate(
  session: MigrationSession,
  directory: string,
  { lockTimeoutMs = 60_000, upTo }: { lockTimeoutMs?: number; upTo?: string | undefined } = {},
): Promise<string[]> {
  const migrations = await readMigrations(directory);
  await lock(session, lockTimeoutMs);
  try {
    await session.script(TABLE);
    const checksums = await readApplied(session, migrations);
    const missing = migrations.filter(({ name }) => !checksums.has(name) && (upTo === undefined || name <= upTo));
    for (const migration of migrations) refuseEdited(migration, checksums.get(migration.name));
    for (const migration of missing) await apply(session, migration);
    return missing.map(({ name }) => name);
  } finally {
    // A session that broke has lost its lock already, and its own error says more.
    await session.query('SELECT pg_advisory_unlock($1)', [PRISMA_LOCK]).catch(() => undefined);
  }
}

async function refuseOldServer(session: MigrationSession): Promise<void> {
  const { rows } = await session.query("SELECT current_setting('server_version') AS version");
  const version = String(rows[0]?.version);
  if (Number.parseInt(version, 10) < OLDEST_VERSION) {
    throw new MigrationError(`The database is PostgreSQL ${version}; Milepost needs ${OLDEST_VERSION} or newer.`);
  }
}

/** The names of the migrations of this version, in their order. */
export async function listMigrations(directory = MIGRATIONS): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory());
  return folders.map(({ name }) => name).sort();
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const read = async (name: string) => ({ name, sql: await readFile(join(directory, name, 'migration.sql'), 'utf8') });
  return Promise.all((await listMigrations(directory)).map(read));
}

/** Tries again and again instead of waiting in the database, so that the error can say what is going on. */
async function lock(session: MigrationSession, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const { rows } = await session.query('SELECT pg_try_advisory_lock($1) AS locked', [PRISMA_LOCK]);
    if (rows[0]?.locked === true) return;
    if (Date.now() > deadline) throw new MigrationError('Another process is changing the schema and does not finish.');
    await pause(100);
  }
}

/** The checksums of the applied migrations, by name. */
async function readApplied(session: MigrationSession, migrations: Migration[]): Promise<Map<string, string>> {
  const { rows } = await session.query(
    'SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at',
  );
  const names = new Set(migrations.map(({ name }) => name));
  const checksums = new Map<string, string>();
  for (const row of rows) {
    const name = String(row.migration_name);
    if (row.finished_at === null) {
      throw new MigrationError(
        `The migration ${name} failed half-way. Repair the schema, then set its finished_at or rolled_back_at in _prisma_migrations.`,
      );
    }
    if (!names.has(name)) {
      throw new MigrationError(`The database is newer than this version of Milepost: it has the migration ${name}.`);
    }
    checksums.set(name, String(row.checksum));
  }
  return checksums;
}

/** A checkout may have changed the line endings; anything else is an edit. */
function refuseEdited({ name, sql }: Migration, applied: string | undefined): void {
  if (applied === undefined) return;
  const unix = sql.replaceAll('\r\n', '\n');
  const accepted = [sql, unix, unix.replaceAll('\n', '\r\n')].map(checksumOf);
  if (!accepted.includes(applied)) {
    throw new MigrationError(
      `The file of the migration ${name} was edited after it was applied. Add another one instead.`,
    );
  }
}

async function apply(session: MigrationSession, { name, sql }: Migration): Promise<void> {
  const id = randomUUID();
  const begin = `INSERT INTO _prisma_migrations (id, checksum, migration_name)
    VALUES ('${id}', '${checksumOf(sql)}', '${name.replaceAll("'", "''")}');`;
  const finish = `UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1 WHERE id = '${id}';`;
  try {
    if (OWN_TRANSACTIONS.test(sql)) {
      // A crash in between leaves a row that is not finished, which the next start reports.
      for (const part of [begin, sql, finish]) await session.script(part);
    } else {
      // One message with the bookkeeping inside: a crash at any moment leaves all of it or nothing.
      await session.script(`BEGIN;\n${begin}\n${sql}\n;${finish}\nCOMMIT;`);
    }
  } catch (cause) {
    await session.script('ROLLBACK').catch(() => undefined);
    await session
      .query('UPDATE _prisma_migrations SET logs = $2 WHERE id = $1', [id, String(cause)])
      .catch(() => undefined);
    throw new MigrationError(`The migration ${name} failed: ${(cause as Error).message}`, { cause });
  }
}

function checksumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
