import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sessionSettings } from '../../src/database/location.ts';
import { type MigrationSession, migrate } from '../../src/database/migrator.ts';
import { createEmptyDatabase, type TestDatabase } from '../support/database.ts';

const ONE = 'CREATE TABLE one (n int);\nINSERT INTO one VALUES (1);\n';

describe('the migrator', () => {
  let folder: string;
  let database: TestDatabase;
  let clients: pg.Client[];
  let session: MigrationSession;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'milepost-migrations-'));
    database = await createEmptyDatabase();
    clients = [];
    session = await openSession();
  });
  afterEach(async () => {
    for (const client of clients) await client.end();
    await database.drop();
    await rm(folder, { recursive: true });
  });

  it('applies what is missing, in the order of the names', async () => {
    await write('2_two', 'INSERT INTO one VALUES (2)');
    await write('1_one', ONE);
    expect(await migrate(session, folder)).toEqual(['1_one', '2_two']);
    expect(await numbers()).toEqual([1, 2]);
  });

  it('applies nothing the second time', async () => {
    await write('1_one', ONE);
    await migrate(session, folder);
    expect(await migrate(session, folder)).toEqual([]);
    expect(await numbers()).toEqual([1]);
  });

  it('lets one of two at once apply everything, and the other wait for it', async () => {
    await write('1_one', `${ONE}SELECT pg_sleep(0.2);`);
    const outcomes = await Promise.all([migrate(session, folder), migrate(await openSession(), folder)]);
    expect(outcomes.flat()).toEqual(['1_one']);
    expect(await numbers()).toEqual([1]);
  });

  it('gives up when another process holds the lock for too long', async () => {
    await session.query('SELECT pg_advisory_lock(72707369)');
    const waiting = migrate(await openSession(), folder, { lockTimeoutMs: 0 });
    await expect(waiting).rejects.toThrow('Another process is changing the schema');
  });

  it('leaves nothing behind of a file that fails, and applies it once it is repaired', async () => {
    await write('1_one', ONE);
    await write('2_two', 'INSERT INTO one VALUES (2); INSERT INTO nowhere VALUES (1);');
    await expect(migrate(session, folder)).rejects.toThrow(
      'The migration 2_two failed: relation "nowhere" does not exist',
    );
    expect(await numbers()).toEqual([1]);
    await write('2_two', 'INSERT INTO one VALUES (3)');
    expect(await migrate(session, folder)).toEqual(['2_two']);
    expect(await numbers()).toEqual([1, 3]);
  });

  it('refuses a file that was edited after it was applied', async () => {
    await write('1_one', ONE);
    await migrate(session, folder);
    await write('1_one', `${ONE}-- edited`);
    await expect(migrate(session, folder)).rejects.toThrow('1_one was edited after it was applied');
  });

  it('accepts a checkout with other line endings', async () => {
    await write('1_one', ONE);
    await migrate(session, folder);
    await write('1_one', ONE.replaceAll('\n', '\r\n'));
    expect(await migrate(session, folder)).toEqual([]);
  });

  it('refuses a database that is newer than the files', async () => {
    await write('1_one', ONE);
    await write('2_two', 'SELECT 1');
    await migrate(session, folder);
    await rm(join(folder, '2_two'), { recursive: true });
    await expect(migrate(session, folder)).rejects.toThrow(
      'newer than this version of Milepost: it has the migration 2_two',
    );
  });

  it('sends semicolons in functions and texts as they are', async () => {
    const body = "BEGIN PERFORM 1; RETURN 'a;b'; END";
    await write('1_one', `CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$ ${body} $$; -- the last; word`);
    await migrate(session, folder);
    expect((await session.query('SELECT f() AS value')).rows).toEqual([{ value: 'a;b' }]);
  });

  it('runs a file that manages its transactions itself', async () => {
    await write('1_one', `BEGIN;\n${ONE}COMMIT;`);
    await write('2_two', 'CREATE INDEX CONCURRENTLY one_n ON one (n)');
    expect(await migrate(session, folder)).toEqual(['1_one', '2_two']);
    expect(await migrate(session, folder)).toEqual([]);
  });

  it('reports a file with its own transactions that stopped half-way', async () => {
    await write('1_one', `BEGIN;\n${ONE}COMMIT;\nSELECT 1 / 0;`);
    await expect(migrate(session, folder)).rejects.toThrow('division by zero');
    await expect(migrate(session, folder)).rejects.toThrow('The migration 1_one failed half-way. Repair the schema');
  });

  async function write(name: string, sql: string): Promise<void> {
    await mkdir(join(folder, name), { recursive: true });
    await writeFile(join(folder, name, 'migration.sql'), sql);
  }

  async function openSession(): Promise<MigrationSession> {
    const client = new pg.Client(sessionSettings(database.location));
    clients.push(client);
    await client.connect();
    return { script: (sql) => client.query(sql), query: (sql, values) => client.query(sql, values) };
  }

  async function numbers(): Promise<unknown[]> {
    return (await session.query('SELECT n FROM one ORDER BY n')).rows.map(({ n }) => n);
  }
});
