import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatabaseLocation } from '../../src/database/location.ts';
import { listMigrations, migrateDatabase } from '../../src/database/migrator.ts';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../support/database.ts';
import { contentsOf, prepareEverything } from '../support/everything.ts';
import { asUrl, inSession } from '../support/server.ts';
import { API_KEY, queryAt, sendAt, startServer, turnsAt } from '../support/server-process.ts';
import { NO_POSTGRES_15, startSystemPostgres } from '../support/system-postgres.ts';

const run = promisify(execFile);
const SRC = join(import.meta.dirname, '..', '..', 'src');
const MILEPOST_SECRET = 'a secret for tests, of more than 32 characters';

const closing: (() => Promise<unknown>)[] = [];
let folder: string;
let source: TestDatabase;
let file: string;
let progress: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'milepost-transfer-'));
  source = await createTestDatabase();
  closing.push(() => rm(folder, { recursive: true }), source.drop);
  await prepareEverything(source.location);
  file = join(folder, 'everything.gz');
  progress = await transfer('export', file, source.location);
}, 60_000);
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

/** Runs the command; returns what it says, fails with what it says when it fails. */
async function transfer(
  command: 'export' | 'import',
  path: string,
  at: DatabaseLocation | { folder: string },
  execArgv: string[] = [],
) {
  const place = 'folder' in at ? { MILEPOST_DATA_DIR: at.folder } : { DATABASE_URL: asUrl(at), MILEPOST_SECRET };
  const { stderr } = await run(process.execPath, [...execArgv, join(SRC, `${command}.ts`), path], {
    env: { PATH: process.env.PATH, ...place },
  });
  return stderr;
}

async function emptyDatabase(): Promise<DatabaseLocation> {
  const { location, drop } = await createEmptyDatabase();
  closing.push(drop);
  return location;
}

describe('an export', () => {
  it('is readable for its owner only', async () => {
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('tells how far it is', () => {
    expect(progress).toMatch(/^messages +\d+$/m);
    expect(progress).toMatch(/^[\d,]+ rows of \d+ tables written to /m);
  });

  it('does not write over a file', async () => {
    await expect(transfer('export', file, source.location)).rejects.toThrow('is there already');
  });

  it('of a folder without a database says so', async () => {
    const nowhere = { folder: join(folder, 'nowhere') };
    await expect(transfer('export', join(folder, 'none.gz'), nowhere)).rejects.toThrow('There is no database in');
  });
});

describe('an import into an empty database', () => {
  let target: DatabaseLocation;

  beforeAll(async () => {
    target = await emptyDatabase();
    await transfer('import', file, target);
  });

  it('brings every row of every table', async () => {
    const contents = await contentsOf(source.location);
    for (const [table, { rows }] of Object.entries(contents)) expect([table, rows > 0]).toEqual([table, true]);
    expect(await contentsOf(target)).toEqual(contents);
  });

  it('leaves the tables as the migrations make them', async () => {
    const schemaOf = (location: DatabaseLocation) =>
      inSession(location, async (client) => {
        const { rows } = await client.query(`
          SELECT conrelid::regclass::text AS "table", conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint
          WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2`);
        return rows;
      });
    expect(await schemaOf(target)).toEqual(await schemaOf(source.location));
  });

  it('is refused by a database that holds data', async () => {
    await expect(transfer('import', file, target)).rejects.toThrow('The database holds data already');
  });
});

describe('a server on what was imported', () => {
  it('knows the keys, the conversations and the jobs, and goes on', async () => {
    const target = await emptyDatabase();
    await transfer('import', file, target);
    // The timer that was set before is due: it was two hours ago.
    await inSession(target, (client) =>
      client.query(`UPDATE graphile_worker._private_jobs SET run_at = now();
        UPDATE stage_transitions SET created_at = created_at - interval '2 hours';
        UPDATE identities SET stage_entered_at = stage_entered_at - interval '2 hours'`),
    );
    const server = await startServer({ DATABASE_URL: asUrl(target), MILEPOST_SECRET, OFFLINE_TOKEN_DELAY_MS: '0' });
    closing.push(server.terminate);
    const { turn } = await sendAt(server.origin, 'demo', 'Are you still there?');
    await expect.poll(async () => (await turnsAt(server.origin, [turn.id]))[0].status).toBe('COMPLETED');
    const where = '{ identity(by: { externalId: "waiting" }) { stage { key } } }';
    await expect
      .poll(async () => (await queryAt(server.origin, where)).identity.stage.key, { timeout: 10_000 })
      .toBe('needs_help');
  });
});

describe('an import of something else', () => {
  const unpacked = async () => gunzipSync(await readFile(file)).toString();
  const write = async (name: string, contents: string | Buffer) => {
    const path = join(folder, name);
    await writeFile(path, contents);
    return path;
  };
  const rowsIn = (location: DatabaseLocation) =>
    inSession(location, async (client) => (await client.query('SELECT count(*)::int FROM workspaces')).rows[0].count);

  it('such as a file that ends in the middle leaves nothing behind', async () => {
    const lines = (await unpacked()).split('\n');
    const target = await emptyDatabase();
    const half = await write('half.gz', gzipSync(lines.slice(0, -3).join('\n')));
    await expect(transfer('import', half, target)).rejects.toThrow('not a whole export');
    expect(await rowsIn(target)).toBe(0);
    const packed = await readFile(file);
    const cut = await write('cut.gz', packed.subarray(0, packed.length - 100));
    await expect(transfer('import', cut, target)).rejects.toThrow('not a whole export');
    expect(await rowsIn(target)).toBe(0);
  });

  it('such as a row that refers to nothing leaves nothing behind', async () => {
    const target = await emptyDatabase();
    const changed = (await unpacked()).replace(/^(msg_\w+\twsp_\w+\t)cnv_\w+/m, '$1cnv_nowhere');
    await expect(transfer('import', await write('changed.gz', gzipSync(changed)), target)).rejects.toThrow('23503');
    expect(await rowsIn(target)).toBe(0);
  });

  it.each([
    ['text', 'Hello'],
    ['another archive', gzipSync('Hello\n')],
  ])('such as %s is refused', async (name, contents) => {
    const path = await write(`${name}.gz`, contents);
    await expect(transfer('import', path, await emptyDatabase())).rejects.toThrow('This is no export of Milepost');
  });

  it('such as no file at all is refused', async () => {
    await expect(transfer('import', join(folder, 'missing.gz'), await emptyDatabase())).rejects.toThrow('missing.gz');
  });

  it('such as an export of a newer version is refused', async () => {
    const newer = (await unpacked()).replace('"migrations":[', '"migrations":["20990101000000_newer",');
    const path = await write('newer.gz', gzipSync(newer));
    await expect(transfer('import', path, await emptyDatabase())).rejects.toThrow('which is newer');
  });
});

it('an export of an older version gets the migrations it lacks', async () => {
  const [first] = await listMigrations();
  const old = await emptyDatabase();
  await migrateDatabase(old, { upTo: first });
  await inSession(old, (client) =>
    client.query("INSERT INTO workspaces (id, name, updated_at) VALUES ('wsp_old', 'Old', now())"),
  );
  const path = join(folder, 'old.gz');
  await transfer('export', path, old);
  const target = await emptyDatabase();
  await transfer('import', path, target);
  const names = 'SELECT migration_name AS name FROM _prisma_migrations ORDER BY 1';
  const applied = await inSession(target, async (client) => (await client.query(names)).rows);
  expect(applied.map(({ name }) => name)).toEqual(await listMigrations());
});

it('an embedded database can be exported while its server runs, and imported into another', async () => {
  const [one, other] = [join(folder, 'one'), join(folder, 'other')];
  const server = await startServer({ MILEPOST_DATA_DIR: one });
  const path = join(folder, 'embedded.gz');
  await transfer('export', path, { folder: one });
  await server.terminate();
  await transfer('import', path, { folder: other });
  const moved = await startServer({ MILEPOST_DATA_DIR: other });
  const headers = { authorization: `Bearer ${API_KEY}` };
  expect((await fetch(`${moved.origin}/identity/demo`, { headers })).status).toBe(200);
  await moved.terminate();
});

describe.skipIf(NO_POSTGRES_15)(NO_POSTGRES_15 ? `a PostgreSQL 15: ${NO_POSTGRES_15}` : 'a PostgreSQL 15', () => {
  it('takes all of an export of a newer one', async () => {
    const postgres = await startSystemPostgres();
    closing.push(postgres.stop);
    await transfer('import', file, { url: postgres.url });
    expect(await contentsOf({ url: postgres.url })).toEqual(await contentsOf(source.location));
  });
});

describe('a large database', () => {
  /** What a command needs at most, in MB. */
  const peakOf = async (command: 'export' | 'import', path: string, location: DatabaseLocation) => {
    const hook = 'process.on("exit", () => console.error("peak " + process.resourceUsage().maxRSS))';
    const said = await transfer(command, path, location, [
      '--import',
      `data:text/javascript,${encodeURIComponent(hook)}`,
    ]);
    return Number(/^peak (\d+)$/m.exec(said)?.[1]) / 1024;
  };

  it('passes through without sitting in memory', async () => {
    const large = await emptyDatabase();
    await transfer('import', file, large);
    const small = await peakOf('export', join(folder, 'small.gz'), large);
    await inSession(large, (client) =>
      client.query(`INSERT INTO memory_entries (id, workspace_id, identity_id, key, value, updated_at)
        SELECT 'mem_' || n, workspace_id, id, 'key' || n, to_jsonb(repeat(md5(n::text), 30)), now()
        FROM generate_series(1, 120000) n, (SELECT workspace_id, id FROM identities LIMIT 1) one`),
    );
    const path = join(folder, 'large.gz');
    const exported = await peakOf('export', path, large);
    const imported = await peakOf('import', path, await emptyDatabase());
    // The rows take 120 MB.
    expect(exported - small).toBeLessThan(90);
    expect(imported - small).toBeLessThan(90);
  }, 120_000);
});
