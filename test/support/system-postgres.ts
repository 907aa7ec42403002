import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

/** Where Debian installs the oldest PostgreSQL that is supported. */
const PROGRAMS = '/usr/lib/postgresql/15/bin';

/** What is added to the name of a suite that needs it, where there is none; null: there is. */
export const NO_POSTGRES_15 = existsSync(join(PROGRAMS, 'postgres'))
  ? null
  : 'skipped, there is no PostgreSQL 15 (apt-get install postgresql-15)';

/** A PostgreSQL 15 of the system, with a data folder of its own that is thrown away. */
export interface SystemPostgres {
  url: string;
  stop(): Promise<void>;
}

export async function startSystemPostgres(): Promise<SystemPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'milepost-postgres-15-'));
  const account = accountToRunAs();
  if (account) await chown(folder, account.uid, account.gid);
  const data = join(folder, 'data');
  const locale = ['--encoding=UTF8', '--locale=C.UTF-8'];
  execFileSync(join(PROGRAMS, 'initdb'), ['-D', data, '--username=postgres', '--auth=trust', ...locale], {
    ...account,
    cwd: folder,
    stdio: 'ignore',
  });
  const port = await freePort();
  // Nothing here has to survive a power cut.
  const settings = [
    'fsync=off',
    'synchronous_commit=off',
    'full_page_writes=off',
    `port=${port}`,
    'max_connections=200',
  ];
  const all = [...settings, 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`];
  const server = spawn(join(PROGRAMS, 'postgres'), ['-D', data, ...all.flatMap((setting) => ['-c', setting])], {
    ...account,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(server, 'exit');
  await ready(server);
  return {
    url: `postgresql://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      server.kill('SIGINT');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

/** PostgreSQL refuses to run as root. */
function accountToRunAs(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (option: string) => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

function ready({ stderr }: ChildProcess): Promise<void> {
  let log = '';
  return new Promise((resolve, reject) => {
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      if (log.includes('ready to accept connections')) resolve();
    });
    stderr?.once('end', () => reject(new Error(log)));
  });
}
