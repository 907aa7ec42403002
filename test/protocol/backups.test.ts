import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { contentsOf, prepareEverything } from '../support/everything.ts';
import { inSession } from '../support/server.ts';
import { API_KEY, sendAt, startServer, turnsAt } from '../support/server-process.ts';
import { NO_POSTGRES_15, type SystemPostgres, startSystemPostgres } from '../support/system-postgres.ts';

const run = promisify(execFile);
const PROJECT = join(import.meta.dirname, '..', '..');
/** What the commands of the document are run beside. */
const NEEDED = ['package.json', 'node_modules', 'prisma', 'src', 'build'];

const document = await readFile(join(PROJECT, 'docs', 'deployment.md'), 'utf8');

/** The nth example of commands below a heading of the document. */
function commandsBelow(heading: string, nth: number): string {
  const [, section = ''] = document.split(`\n${heading}\n`);
  const [own = ''] = section.split(/\n##/);
  const example = [...own.matchAll(/```sh\n([\s\S]*?)```/g)][nth - 1]?.[1];
  if (!example) throw new Error(`There is no example ${nth} below ${heading}.`);
  return example;
}

const WAIT = { timeout: 20_000, interval: 50 };

let folder: string;
const data = () => join(folder, '.milepost');

/** Runs commands as they are printed, in a folder like that of the project. */
const shell = (commands: string, environment: Record<string, string> = {}) =>
  run('bash', ['-euo', 'pipefail', '-c', commands], { cwd: folder, env: { PATH: process.env.PATH, ...environment } });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'milepost-backups-'));
  for (const name of NEEDED) await symlink(join(PROJECT, name), join(folder, name));
});
afterAll(() => rm(folder, { recursive: true }));

/** Whether a server on this data folder has the demo, takes the old key and knows the turn. */
async function expectWhole(dataDir: string, turnId: string) {
  const server = await startServer({ MILEPOST_DATA_DIR: dataDir });
  expect(await turnsAt(server.origin, [turnId])).toMatchObject([
    { status: 'COMPLETED', message: { text: 'Keep this' } },
  ]);
  await server.terminate();
}

describe('the documented backup of an embedded database', () => {
  let turnId: string;

  beforeAll(async () => {
    const server = await startServer({ MILEPOST_DATA_DIR: data(), OFFLINE_TOKEN_DELAY_MS: '0' });
    const { turn } = await sendAt(server.origin, 'demo', 'Keep this');
    turnId = turn.id;
    await vi.waitFor(async () => expect((await turnsAt(server.origin, [turnId]))[0].status).toBe('COMPLETED'), WAIT);
    // While it runs.
    await shell(commandsBelow('### Of the embedded database', 1));
    await server.terminate();
  }, 60_000);

  it('is restored by the documented commands, with the same secret', async () => {
    await shell(commandsBelow('### Of the embedded database', 2));
    const secret = (dataDir: string) => readFile(join(dataDir, 'secret'), 'utf8');
    expect(await secret(join(folder, '.milepost-restored'))).toBe(await secret(data()));
    await expectWhole(join(folder, '.milepost-restored'), turnId);
  });

  it('can be a copy of the folder', async () => {
    await shell(commandsBelow('### Of the embedded database', 3));
    await expectWhole(join(folder, '.milepost-copy'), turnId);
  });
});

const SUITE = 'the documented ways of a PostgreSQL 15';

describe.skipIf(NO_POSTGRES_15)(NO_POSTGRES_15 ? `${SUITE}: ${NO_POSTGRES_15}` : SUITE, () => {
  let postgres: SystemPostgres;
  const databaseAt = (name: string) => Object.assign(new URL(postgres.url), { pathname: `/${name}` }).href;

  beforeAll(async () => {
    postgres = await startSystemPostgres();
    await inSession({ url: postgres.url }, async (client) => {
      for (const name of ['one', 'restored', 'moved']) await client.query(`CREATE DATABASE ${name}`);
    });
    await prepareEverything({ url: databaseAt('one') });
  }, 60_000);
  afterAll(() => postgres?.stop());

  it('back it up and restore it', async () => {
    const environment = { DATABASE_URL: databaseAt('one'), RESTORED_DATABASE_URL: databaseAt('restored') };
    await shell(commandsBelow('### Of PostgreSQL', 1), environment);
    await shell(commandsBelow('### Of PostgreSQL', 2), environment);
    expect(await contentsOf({ url: databaseAt('restored') })).toEqual(await contentsOf({ url: databaseAt('one') }));
  });

  it('lead there from the embedded one, and tokens that were given out stay valid', async () => {
    const before = await startServer({ MILEPOST_DATA_DIR: data() });
    const access = await tokenAt(before.origin);
    await before.terminate();
    await shell(commandsBelow('## From the embedded database to PostgreSQL', 1), {
      NEW_DATABASE_URL: databaseAt('moved'),
    });
    const MILEPOST_SECRET = await readFile(join(data(), 'secret'), 'utf8');
    const moved = await startServer({ DATABASE_URL: databaseAt('moved'), MILEPOST_SECRET });
    for (const credential of [API_KEY, access]) {
      const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' };
      const body = JSON.stringify({ query: '{ identity(by: { externalId: "demo" }) { externalId } }' });
      const response = await fetch(`${moved.origin}/graphql`, { method: 'POST', headers, body });
      expect(await response.json()).toEqual({ data: { identity: { externalId: 'demo' } } });
    }
    await moved.terminate();
  });
});

/** An access token of the demo's identity. */
async function tokenAt(origin: string): Promise<string> {
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      query:
        'mutation { createAccessToken(input: { identity: { externalId: "demo" } }) { ... on CreateAccessTokenPayload { token } } }',
    }),
  });
  const { data } = (await response.json()) as { data: { createAccessToken: { token: string } } };
  return data.createAccessToken.token;
}
