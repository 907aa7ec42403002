import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer } from './support/server-process.ts';

const DOCTOR = join(import.meta.dirname, '..', 'src', 'doctor.ts');
const KEY = 'sk-known';

let folder: string;
/** An endpoint that has one model, for one key; it is also a port that is taken. */
let endpoint: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'milepost-doctor-'));
  endpoint = createServer(({ url, headers }, outgoing) => {
    const known = headers.authorization === `Bearer ${KEY}`;
    outgoing.statusCode = url !== '/v1/models' ? 404 : known ? 200 : 401;
    outgoing.end(JSON.stringify({ data: [{ id: 'present' }] }));
  });
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  endpoint?.close();
  await rm(folder, { recursive: true });
});

const endpointPort = () => (endpoint.address() as AddressInfo).port;
const model = () => ({
  OPENAI_BASE_URL: `http://127.0.0.1:${endpointPort()}/v1`,
  OPENAI_API_KEY: KEY,
  OPENAI_MODEL: 'present',
});

/** What the doctor finds in this environment, and the code it ends with. */
function examine(environment: Record<string, string>, shell?: string): Promise<{ code: number; found: string }> {
  const env = {
    PATH: process.env.PATH,
    PORT: '0',
    MILEPOST_DATA_DIR: join(folder, 'none'),
    MAX_CONNECTIONS: '100',
    ...environment,
  };
  const [command, args] = shell
    ? ['sh', ['-c', `${shell} "$0" "$1"`, process.execPath, DOCTOR]]
    : [process.execPath, [DOCTOR]];
  return new Promise((resolve) => {
    execFile(command as string, args as string[], { env }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), found: stdout + stderr }),
    );
  });
}

/** The lines of what is wrong, each with its hint. */
const failures = (found: string) =>
  Array.from(found.matchAll(/^ {2}FAIL {2}(.*)\n +(.*)$/gm), ([, what, hint]) => [what, hint]);

describe('the doctor', () => {
  it('finds a fresh machine well, and leaves it as it was', async () => {
    const { code, found } = await examine(model());
    expect(failures(found)).toEqual([]);
    expect(code).toBe(0);
    expect(found).toMatch(/ok {4}Language model {2}present at http/);
    expect(found).toMatch(/ok {4}Database .*at the first start/);
    await expect(rm(join(folder, 'none'), { recursive: true })).rejects.toThrow('ENOENT');
  });

  it('finds a server that runs, with its database up to date', async () => {
    const dataDir = join(folder, 'running');
    const server = await startServer({ MILEPOST_DATA_DIR: dataDir });
    const { code, found } = await examine({
      ...model(),
      MILEPOST_DATA_DIR: dataDir,
      PORT: new URL(server.origin).port,
    });
    await server.terminate();
    expect(failures(found)).toEqual([]);
    expect(code).toBe(0);
    expect(found).toMatch(/Database +embedded PostgreSQL \d+\S* in .*, up to date/);
    expect(found).toMatch(/Clock +as the database's/);
    expect(found).toMatch(/Port +127.0.0.1:\d+, where Milepost runs/);
  });

  const broken: [what: string, () => Record<string, string>, finding: RegExp, hint: RegExp][] = [
    [
      'an endpoint that is not there',
      () => ({ ...model(), OPENAI_BASE_URL: 'http://127.0.0.1:2/v1' }),
      /^Language model .*cannot be reached/,
      /OPENAI_BASE_URL/,
    ],
    [
      'an API key that is refused',
      () => ({ ...model(), OPENAI_API_KEY: 'sk-wrong' }),
      /^Language model .*refuses the key \(status 401\)/,
      /OPENAI_API_KEY/,
    ],
    [
      'a model the endpoint does not have',
      () => ({ ...model(), OPENAI_MODEL: 'absent' }),
      /^Language model .*has no model absent/,
      /present/,
    ],
    [
      'a database that is not there',
      () => ({ DATABASE_URL: 'postgresql://milepost:hidden@127.0.0.1:2/milepost', MILEPOST_SECRET: 'x'.repeat(32) }),
      /^Database .*ECONNREFUSED/,
      /Is PostgreSQL running/,
    ],
    [
      'a Redis that is not there',
      () => ({ REDIS_URL: 'redis://:hidden@127.0.0.1:2' }),
      /^Redis .*cannot be reached/,
      /REDIS_URL/,
    ],
    [
      'a port that another program has',
      () => ({ PORT: String(endpointPort()) }),
      /^Port .*taken by another program/,
      /PORT/,
    ],
    ['an address of another machine', () => ({ HOST: '192.0.2.1' }), /^Port .*no address of this machine/, /HOST/],
    ['a variable that is wrong', () => ({ PORT: 'many' }), /^Configuration .*PORT/, /Correct/],
  ];

  it.each(broken)('tells of %s, and what to do', async (_what, environment, finding, hint) => {
    const { code, found } = await examine(environment());
    expect(failures(found)).toEqual([[expect.stringMatching(finding), expect.stringMatching(hint)]]);
    expect(code).toBe(1);
    expect(found).not.toMatch(/hidden|sk-/);
  });

  it('tells of a secret that others can read', async () => {
    const dataDir = join(folder, 'open');
    await mkdir(dataDir);
    await writeFile(join(dataDir, 'secret'), 'secret');
    await chmod(join(dataDir, 'secret'), 0o644);
    const { found } = await examine({ MILEPOST_DATA_DIR: dataDir });
    expect(failures(found)).toEqual([
      [expect.stringMatching(/^Data folder .*can be read by others/), `chmod 600 ${dataDir}/secret`],
    ]);
  });

  it('tells of a data folder that cannot be used', async () => {
    await writeFile(join(folder, 'file'), '');
    const { found } = await examine({ MILEPOST_DATA_DIR: join(folder, 'file', 'data') });
    expect(failures(found)[0]).toEqual([
      expect.stringMatching(/^Data folder .*cannot be written to/),
      expect.stringContaining('MILEPOST_DATA_DIR'),
    ]);
  });

  it.skipIf(process.platform !== 'linux')('tells of a limit of open files below that of connections', async () => {
    const { found } = await examine({ MAX_CONNECTIONS: '5000' }, 'ulimit -n 500; exec');
    expect(failures(found)).toEqual([
      [expect.stringMatching(/^Open files .*500 at most/), expect.stringContaining('raise the limit to 5200')],
    ]);
  });
});
