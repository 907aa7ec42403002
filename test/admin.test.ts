import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase } from './support/database.ts';
import { asUrl } from './support/server.ts';
import { API_KEY, type ServerProcess, startServer } from './support/server-process.ts';

const run = promisify(execFile);
const ADMIN = join(import.meta.dirname, '..', 'src', 'admin.ts');

/** Runs a command; what it prints as JSON. Fails with its error output. */
async function admin(environment: Record<string, string>, ...args: string[]) {
  const env = { PATH: process.env.PATH, ...environment };
  const { stdout } = await run(process.execPath, [ADMIN, ...args, '--json'], { env });
  return JSON.parse(stdout);
}

const statusFor = async ({ origin }: ServerProcess, key: string) =>
  (await fetch(`${origin}/workers`, { headers: { authorization: `Bearer ${key}` } })).status;

describe('the command line', () => {
  let environment: Record<string, string>;
  let drop: () => Promise<void>;

  beforeAll(async () => {
    const database = await createTestDatabase();
    drop = database.drop;
    environment = {
      DATABASE_URL: asUrl(database.location),
      MILEPOST_SECRET: 'a secret for tests, of more than 32 characters',
    };
  });

  afterAll(() => drop());

  it('makes workspaces, and keys in them', async () => {
    const { id } = await admin(environment, 'workspace', 'create', 'Acme');
    expect(await admin(environment, 'workspace', 'list')).toMatchObject([{ id, name: 'Acme' }]);
    const options = ['--permissions', 'read', '--expires-at', '2099-01-01T00:00:00Z'];
    const { secret, ...key } = await admin(environment, 'key', 'create', 'Reporting', ...options);
    expect(key).toMatchObject({ name: 'Reporting', permissions: ['READ'], expiresAt: '2099-01-01T00:00:00.000Z' });
    expect(secret.startsWith(key.secretHint)).toBe(true);
    expect(await admin(environment, 'key', 'list', '--workspace', id)).toEqual([key]);
  });

  it('hides revoked keys until they are asked for', async () => {
    const { id } = await admin(environment, 'key', 'create', 'To be revoked');
    expect((await admin(environment, 'key', 'revoke', id)).revokedAt).toEqual(expect.any(String));
    const ids = async (...options: string[]) =>
      (await admin(environment, 'key', 'list', ...options)).map((key: { id: string }) => key.id);
    expect([(await ids()).includes(id), (await ids('--revoked')).includes(id)]).toEqual([false, true]);
  });

  it('asks which workspace is meant when there are several', async () => {
    await admin(environment, 'workspace', 'create', 'Another');
    await expect(admin(environment, 'key', 'create', 'Whose')).rejects.toThrow(
      /workspace: must be one of .*\(Another\)/,
    );
    expect(await admin(environment, 'key', 'create', 'Its', '--workspace', 'Another')).toMatchObject({ name: 'Its' });
  });

  it.each([
    [['key', 'fly'], 'There is no such command: key fly.'],
    [['key', 'create'], 'The name is missing.'],
    [['key', 'list', '--wings'], "Unknown option '--wings'"],
    [['key', 'revoke', 'key_x'], 'There is no API key with this id.'],
    [['key', 'create', 'Spelled wrong', '--workspace', 'Acme', '--permissions', 'fly'], 'must be read or write'],
    [['key', 'list', '--workspace', 'Nowhere'], 'There is no such workspace.'],
  ])('explains what is wrong with %j', async (args, message) => {
    const failure = await admin(environment, ...args).catch((error) => error);
    expect([failure.code, failure.stderr]).toEqual([1, expect.stringContaining(message)]);
    expect(failure.stderr).not.toContain('    at ');
  });
});

describe('the embedded database', () => {
  let folder: string;
  let environment: Record<string, string>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'milepost-admin-'));
    environment = { MILEPOST_DATA_DIR: join(folder, 'data') };
  });

  afterAll(() => rm(folder, { recursive: true }));

  it('is not made by the command line', async () => {
    await expect(admin(environment, 'workspace', 'list')).rejects.toThrow('Start the server once');
  });

  it('is reached while the server runs, which hears of a revoked key, and when it is stopped', async () => {
    const server = await startServer(environment);
    const key = await admin(environment, 'key', 'create', 'While it runs');
    expect(await statusFor(server, key.secret)).toBe(200);
    await admin(environment, 'key', 'revoke', key.id);
    while ((await statusFor(server, key.secret)) !== 401);
    await server.terminate();

    const later = await admin(environment, 'key', 'create', 'While it is stopped');
    const again = await startServer(environment);
    expect([await statusFor(again, later.secret), await statusFor(again, API_KEY)]).toEqual([200, 200]);
    await again.terminate();
  });
});
