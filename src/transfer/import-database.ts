import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Logger } from 'pino';
import { installJobs } from '../database/job-queue.ts';
import { type DatabaseLocation, sessionSettings } from '../database/location.ts';
import { listMigrations, migrateDatabase } from '../database/migrator.ts';
import { newSession } from '../database/session.ts';
import { FIRST_START_LOCK } from '../first-start.ts';
import { END_OF_TABLE, type ExportHead, FOOT, NOT_WHOLE, parseHead, TransferError } from './export-format.ts';
import { countLines, LineReader } from './line-reader.ts';
import type { Progress } from './progress.ts';
import { countRows, listTables, quoted, quotedName, readVersions, type TableShape } from './tables.ts';

export interface ImportOptions {
  file: string;
  progress: Progress;
  log: Logger;
}

/**
 * Puts all rows of an export into a database without data: all or nothing. An export of an older version gets what is missing
 * of the migrations afterwards. Throws TransferError when it does not fit.
 */
export async function importDatabase(
  location: DatabaseLocation,
  { file, progress, log }: ImportOptions,
): Promise<ExportHead> {
  const lines = new LineReader(readUnpacked(file));
  const client = newSession(location);
  try {
    const head = parseHead(await lines.line());
    await migrateDatabase(location, { upTo: await lastMigrationOf(head) });
    await installQueue(location, log);
    await client.connect();
    await refuseOtherVersions(client, head);
    await client.query('BEGIN');
    // A server that starts meanwhile waits, and then finds a database in use.
    await client.query('SELECT pg_advisory_xact_lock($1::bigint)', [FIRST_START_LOCK]);
    await refuseData(client);
    const relations = await dropRelations(client, head.tables);
    for (const table of head.tables) await fill(client, table, lines, progress);
    if ((await lines.line()) !== FOOT) throw new TransferError(NOT_WHOLE);
    for (const statement of relations) await client.query(statement);
    await advanceSequences(client, head.tables);
    await client.query('COMMIT');
    await client.query('ANALYZE');
    await migrateDatabase(location);
    return head;
  } finally {
    await Promise.all([client.end(), lines.close()]);
  }
}

/** The file without its compression; what is wrong with either is thrown where it is read. */
async function* readUnpacked(file: string): AsyncGenerator<Buffer> {
  const unpacked = createGunzip();
  const reading = pipeline(createReadStream(file), unpacked);
  // It is also thrown by the loop.
  reading.catch(() => undefined);
  try {
    for await (const chunk of unpacked) yield chunk;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'Z_DATA_ERROR') throw new TransferError('This is no export of Milepost, or it is damaged.');
    if (code === 'Z_BUF_ERROR') throw new TransferError(NOT_WHOLE);
    throw error;
  }
}

/** Throws TransferError for an export of a version that is newer than this one. */
async function lastMigrationOf({ milepost, migrations }: ExportHead): Promise<string | undefined> {
  const known = await listMigrations();
  if (migrations.some((name, index) => name !== known[index]))
    throw new TransferError(
      `This export was made by Milepost ${milepost}, which is newer: import it with that version.`,
    );
  return migrations.at(-1);
}

async function installQueue(location: DatabaseLocation, log: Logger): Promise<void> {
  const pool = new pg.Pool({ ...sessionSettings(location), max: 1 });
  // Whoever uses it is told as well.
  pool.on('error', () => {});
  try {
    await installJobs(pool, log);
  } finally {
    await pool.end();
  }
}

async function refuseOtherVersions(client: pg.Client, head: ExportHead): Promise<void> {
  const { migrations, jobs } = await readVersions(client);
  if (migrations.length !== head.migrations.length)
    throw new TransferError('The database has the tables of a newer version than the export: give an empty one.');
  if (head.jobs !== 0 && head.jobs !== jobs)
    throw new TransferError(
      `The export has its jobs in another form: import it with Milepost ${head.milepost}, then start this version on it.`,
    );
}

async function refuseData(client: pg.Client): Promise<void> {
  for (const table of await listTables(client)) {
    // A server that has run registers its kinds of jobs; that is no data.
    if (/_private_(tasks|known_crontabs)$/.test(table.name)) await client.query(`DELETE FROM ${quoted(table)}`);
    else if ((await countRows(client, table)) > 0)
      throw new TransferError(`The database holds data already (in ${table.name}): an import needs an empty one.`);
  }
}

/** Lets rows come in whatever order, and gives back the statements that bind them together again, which checks every one. */
async function dropRelations(client: pg.Client, tables: TableShape[]): Promise<string[]> {
  const { rows } = await client.query<{ table: string; name: string; definition: string }>(
    `SELECT conrelid::regclass::text AS table, quote_ident(conname) AS name, pg_get_constraintdef(oid) AS definition
     FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY ($1::regclass[])`,
    [tables.map(quoted)],
  );
  for (const { table, name } of rows) await client.query(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`);
  return rows.map(({ table, name, definition }) => `ALTER TABLE ${table} ADD CONSTRAINT ${name} ${definition}`);
}

async function fill(client: pg.Client, table: TableShape, lines: LineReader, progress: Progress): Promise<void> {
  if ((await lines.line()) !== table.name) throw new TransferError('The tables of the file are not in their order.');
  const columns = table.columns.map(quotedName).join(', ');
  const copy = client.query(copyFrom(`COPY ${quoted(table)} (${columns}) FROM STDIN`));
  let rows = 0;
  const counted = async function* () {
    for await (const chunk of lines.linesUntil(END_OF_TABLE)) {
      rows += countLines(chunk);
      progress.report(table, rows);
      yield chunk;
    }
  };
  await pipeline(Readable.from(counted(), { objectMode: false }), copy);
  if (copy.rowCount !== table.rows)
    throw new TransferError(`Of ${table.rows} rows of ${table.name}, ${copy.rowCount} arrived.`);
  progress.done(table);
}

/** Numbers that are given next come behind those that were. */
async function advanceSequences(client: pg.Client, tables: TableShape[]): Promise<void> {
  for (const table of tables) {
    const { rows } = await client.query<{ column: string; sequence: string | null }>(
      'SELECT name AS column, pg_get_serial_sequence($1, name) AS sequence FROM unnest($2::text[]) AS name',
      [quoted(table), table.columns],
    );
    for (const { column, sequence } of rows) {
      const newest = `SELECT max(${quotedName(column)}) FROM ${quoted(table)}`;
      if (sequence) await client.query(`SELECT setval($1::regclass, (${newest}))`, [sequence]);
    }
  }
}
