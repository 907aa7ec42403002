import type pg from 'pg';

/** A table as an export holds it. */
export interface TableShape {
  /** The name; the queue's own tables have their schema in front. */
  name: string;
  columns: string[];
  rows: number;
}

/** The queue's schema (graphile-worker): jobs that wait are data as well. */
const JOBS = 'graphile_worker';

/** Every table that holds data: ours, and those of the job queue if there is one. What the migrations say of themselves is none. */
export async function listTables(client: pg.Client): Promise<Omit<TableShape, 'rows'>[]> {
  const { rows } = await client.query<Omit<TableShape, 'rows'>>(`
    SELECT CASE nspname WHEN '${JOBS}' THEN '${JOBS}.' || relname ELSE relname END AS name,
      array_agg(attname::text ORDER BY attnum) AS columns
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
      JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    WHERE relkind IN ('r', 'p') AND NOT relispartition
      AND ((nspname = current_schema() AND relname <> '_prisma_migrations')
        OR (nspname = '${JOBS}' AND relname LIKE '\\_private\\_%'))
    GROUP BY nspname, relname ORDER BY nspname, relname`);
  return rows;
}

export async function countRows(client: pg.Client, table: { name: string }): Promise<number> {
  const { rows } = await client.query<{ count: string }>(`SELECT count(*) FROM ${quoted(table)}`);
  return Number(rows[0]?.count);
}

/** The migrations a database has, oldest first, and how far the queue's own tables are; 0: there are none. */
export async function readVersions(client: pg.Client): Promise<{ migrations: string[]; jobs: number }> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT migration_name AS name FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY migration_name',
  );
  return { migrations: rows.map(({ name }) => name), jobs: await readJobsVersion(client) };
}

async function readJobsVersion(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ there: boolean }>(
    `SELECT to_regclass('${JOBS}.migrations') IS NOT NULL AS there`,
  );
  if (!rows[0]?.there) return 0;
  const version = await client.query<{ last: number }>(`SELECT max(id) AS last FROM ${JOBS}.migrations`);
  return version.rows[0]?.last ?? 0;
}

/** The name as SQL takes it. */
export function quoted({ name }: { name: string }): string {
  return name.split('.').map(quotedName).join('.');
}

export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
