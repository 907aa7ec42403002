import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { DatabaseLocation } from '../database/location.ts';
import { newSession } from '../database/session.ts';
import { END_OF_TABLE, type ExportHead, FOOT, FORMAT } from './export-format.ts';
import { countLines } from './line-reader.ts';
import type { Progress } from './progress.ts';
import { countRows, listTables, quoted, quotedName, readVersions, type TableShape } from './tables.ts';

/**
 * Columns that mean something only in the database they were written in. A move's transaction is compared with what readers have
 * seen; 0 is before all that anybody has seen.
 */
const REPLACED: Record<string, string> = { 'stage_transitions.transaction_id': '0' };

/** Writes every row of every table into a file that is readable for its owner only, as all were at one moment. The server may run meanwhile. */
export async function exportDatabase(
  location: DatabaseLocation,
  { file, version, progress }: { file: string; version: string; progress: Progress },
): Promise<ExportHead> {
  const client = newSession(location);
  await client.connect();
  const unfinished = `${file}.unfinished`;
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const tables = [];
    for (const table of await listTables(client)) tables.push({ ...table, rows: await countRows(client, table) });
    const at = new Date().toISOString();
    const head: ExportHead = { format: FORMAT, milepost: version, at, ...(await readVersions(client)), tables };
    const written = createWriteStream(unfinished, { mode: 0o600 });
    await pipeline(() => contents(client, head, progress), createGzip({ level: 4 }), written);
    await rename(unfinished, file);
    return head;
  } finally {
    await client.end();
    await rm(unfinished, { force: true });
  }
}

async function* contents(client: pg.Client, head: ExportHead, progress: Progress): AsyncGenerator<Buffer | string> {
  yield `${JSON.stringify(head)}\n`;
  for (const table of head.tables) {
    yield `${table.name}\n`;
    let rows = 0;
    for await (const chunk of client.query(copyTo(copyStatement(table)))) {
      rows += countLines(chunk);
      progress.report(table, rows);
      yield chunk;
    }
    yield `${END_OF_TABLE}\n`;
    progress.done(table);
  }
  yield `${FOOT}\n`;
}

function copyStatement(table: TableShape): string {
  const columns = table.columns.map((column) => REPLACED[`${table.name}.${column}`] ?? quotedName(column));
  return `COPY (SELECT ${columns.join(', ')} FROM ${quoted(table)}) TO STDOUT`;
}
