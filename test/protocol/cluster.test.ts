import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive } from '../../src/database/embedded-lookup.ts';
import { NO_REDIS } from '../support/redis.ts';
import { API_KEY, queryAt, sendAt, turnsAt } from '../support/server-process.ts';
import { readBySse } from '../support/turn-readers.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'deploy', 'cluster.ts');
const SUITE = 'npm run cluster';
/** With those behind it: apart from the ports that the system gives away. */
const PORT = String(20_000 + (process.pid % 1000) * 4);

describe.skipIf(NO_REDIS)(NO_REDIS ? `${SUITE}: ${NO_REDIS}` : SUITE, () => {
  let folder: string;
  let cluster: ChildProcess;
  let ended: Promise<number | null>;
  let origins: { all: string; one: string; other: string };
  let output = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'milepost-cluster-'));
    const environment = { MILEPOST_DATA_DIR: folder, MILEPOST_API_KEY: API_KEY, LOG_LEVEL: 'info' };
    cluster = spawn(process.execPath, [PROGRAM, '2'], {
      env: { PATH: process.env.PATH, PORT, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    process.once('exit', () => cluster.kill('SIGTERM'));
    ended = once(cluster, 'exit').then(([code]) => code);
    for (const stream of [cluster.stdout, cluster.stderr]) {
      stream?.on('data', (chunk) => {
        output += chunk;
      });
    }
    const ready = new Promise<void>((resolve) => {
      cluster.stdout?.on('data', () => output.includes('Ctrl-C') && resolve());
    });
    await Promise.race([ready, ended.then(() => Promise.reject(new Error(output)))]);
    const [all = '', one = '', other = ''] = [...output.matchAll(/http:\/\/\S+/g)].map(([url]) => url);
    origins = { all, one, other };
  });
  afterAll(async () => {
    cluster.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true });
  });

  it('says where the processes are', () => {
    expect(new Set(Object.values(origins)).size).toBe(3);
    expect(output).toContain('2 processes are ready');
  });

  it('lets one process tell what another one runs', async () => {
    const { turn, cursor } = await sendAt(origins.one, 'demo', 'Hello');
    const told = await readBySse({
      ...{ origin: origins.other, credential: API_KEY, turnId: turn.id, after: cursor, retryMs: 100 },
    });
    expect(told.types.at(-1)).toBe('TurnCompleted');
    const [stored] = await turnsAt(origins.all, [turn.id]);
    expect(told.text).toBe(stored.reply.text);
  });

  it('goes on when one process is gone', async () => {
    const pid = Number(/"pid":(\d+)/.exec(output)?.[1]);
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => output).toContain('ended');
    for (let index = 0; index < 4; index += 1) {
      const { workspace } = await queryAt(origins.all, '{ workspace { id } }');
      expect(workspace.id).toMatch(/^wsp_/);
    }
  });

  it('stops all that it has started', async () => {
    const postmaster = Number.parseInt(await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8'), 10);
    cluster.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(isAlive(postmaster)).toBe(false);
    const redis = /redis:\/\/\S+/.exec(output)?.[0] ?? '';
    for (const address of [...Object.values(origins), redis.replace('redis', 'http')])
      await expect(fetch(address)).rejects.toThrow();
  });
});

describe('the command line of the cluster', () => {
  it.each(['0', '17', 'three', '1.5'])('refuses %s processes', async (count) => {
    const child = spawn(process.execPath, [PROGRAM, count], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    const [code] = await once(child, 'close');
    expect([code, said]).toEqual([1, expect.stringContaining('Usage: npm run cluster')]);
  });
});
