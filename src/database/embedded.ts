// The embedded database: the real PostgreSQL from npm, on a Unix socket, tied to the life of this process.
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Account, EmbeddedDatabaseError, findRunner, type Runner } from './embedded-account.ts';
import { findRunningServer, isAlive, OWNER_SETTING } from './embedded-lookup.ts';
import { findPrograms, type Programs } from './embedded-programs.ts';

const run = promisify(execFile);

/** A PostgreSQL server that listens on the socket in `host`. */
export interface EmbeddedDatabase {
  host: string;
  /** False: another process started it and decides when it stops. */
  owned: boolean;
  /** Resolves to the last lines of the log when our server has ended, for whatever reason. */
  ended: Promise<string>;
  /** Ends an owned server and waits for it; does nothing to one of another process. */
  stop(): Promise<void>;
}

// Given at every start, so that directories made by earlier versions follow.
const SETTINGS = {
  listen_addresses: '',
  port: '5432',
  unix_socket_permissions: '0700',
  max_connections: '100',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_min_messages: 'log',
  log_checkpoints: 'off',
  // A young database grows fast: without statistics its plans are those of an empty one.
  autovacuum_naptime: '5s',
};

const RACE_TIMEOUT_MS = 30_000;
// The second: processes of a server that was killed may live on for a moment.
const LOST_RACE = /lock file "postmaster.pid" already exists|pre-existing shared memory block .* still in use/;

// A socket's path may have about 100 bytes, its file name included.
const MAX_HOST_BYTES = 85;

// The guard reads from our pipe. When this process ends, in whatever way, the pipe closes and PostgreSQL is stopped;
// when PostgreSQL ends by itself, so does the guard. It outlives signals that are sent to a whole group of processes.
const GUARD = `
trap '' INT TERM HUP
host=$1
shift
exec 3<&0
"$@" </dev/null 3<&- &
postgres=$!
{ read -r _ <&3; kill -INT $postgres; } &
watch=$!
wait $postgres
code=$?
kill -KILL $watch 2>/dev/null
rmdir "$host" 2>/dev/null
exit $code
`;

/**
 * Serves the data directory, made when it does not exist, or attaches to the process that already serves it.
 * `settings` are added to the server's own. Throws EmbeddedDatabaseError with advice for the operator.
 */
export async function startEmbedded(dataDir: string, settings: Record<string, string> = {}): Promise<EmbeddedDatabase> {
  const directory = await resolveDirectory(dataDir);
  const programs = await findPrograms();
  // Whoever loses a race between two starts finds the winner's server the next time round.
  for (const deadline = Date.now() + RACE_TIMEOUT_MS; Date.now() < deadline; await pause(100)) {
    const owner = await dataOwner(directory);
    const host = await findRunningServer(directory);
    if (host !== undefined) return { host, owned: false, ended: new Promise(() => {}), stop: async () => {} };
    const runner = await findRunner(programs.postgres, [dirname(directory)], owner);
    await createDataDirectory(directory, programs, runner);
    const server = await launch(directory, programs, runner, settings);
    if (server !== undefined) return server;
  }
  throw new EmbeddedDatabaseError(
    `Other processes keep starting and stopping PostgreSQL on ${directory}: stop them first.`,
  );
}

/** The directory's true path: only one spelling of it can be recognised in another process's command line. */
async function resolveDirectory(dataDir: string): Promise<string> {
  const wanted = resolve(dataDir);
  try {
    await mkdir(dirname(wanted), { recursive: true });
    return existsSync(wanted) ? await realpath(wanted) : join(await realpath(dirname(wanted)), basename(wanted));
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new EmbeddedDatabaseError(
      `The data folder cannot be used: ${reason}. Set MILEPOST_DATA_DIR to another folder.`,
      {
        cause,
      },
    );
  }
}

/** The account a database already belongs to; PostgreSQL insists on running as that one. */
async function dataOwner(directory: string): Promise<Account | undefined> {
  const found = await stat(directory).catch(() => undefined);
  if (found === undefined) return undefined;
  const self = process.getuid?.();
  if (self !== 0 && found.uid !== self) {
    throw new EmbeddedDatabaseError(
      `The data folder ${directory} belongs to another account (uid ${found.uid}). ` +
        'Start Milepost as that account, or set MILEPOST_DATA_DIR to another folder.',
    );
  }
  return found.uid === 0 ? undefined : { uid: found.uid, gid: found.gid };
}

async function createDataDirectory(directory: string, programs: Programs, runner: Runner): Promise<void> {
  const entries = existsSync(directory) ? await readdir(directory) : [];
  if (entries.includes('PG_VERSION')) return;
  if (entries.length > 0) {
    throw new EmbeddedDatabaseError(
      `The folder ${directory} holds something else than a database. Set MILEPOST_DATA_DIR to another folder.`,
    );
  }
  await removeUnfinished(directory);
  // Renamed when it is complete, so that an interrupted initdb never looks like a database.
  const unfinished = await mkdtemp(`${directory}.init-${process.pid}-`);
  try {
    await giveTo(runner, unfinished);
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    const initdb = [programs.initdb, '-D', unfinished, '--username=postgres', '--auth=trust', ...locale];
    const [command = '', ...args] = [...runner.prefix, ...initdb];
    await run(command, args, { ...runner.options, cwd: unfinished });
    await rename(unfinished, directory);
  } catch (cause) {
    // Another start was quicker.
    if (existsSync(join(directory, 'PG_VERSION'))) return;
    const reason = (cause as Error).message.trim();
    throw new EmbeddedDatabaseError(
      `A database cannot be made in ${directory}: ${reason}. Set MILEPOST_DATA_DIR to another folder.`,
      { cause },
    );
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function removeUnfinished(directory: string): Promise<void> {
  const parent = dirname(directory);
  const prefix = `${basename(directory)}.init-`;
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix)) continue;
    const maker = Number.parseInt(name.slice(prefix.length), 10);
    // Containers give every start the same number: our own on a leftover was an earlier start's.
    if (maker !== process.pid && isAlive(maker)) continue;
    // The initdb of a process that was killed may still write there: what it leaves goes next time.
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Starts PostgreSQL under its guard and waits until it is ready; undefined when another process was quicker. */
async function launch(
  directory: string,
  programs: Programs,
  runner: Runner,
  settings: Record<string, string>,
): Promise<EmbeddedDatabase | undefined> {
  const host = await socketDirectory(directory, runner);
  const sockets = `"${host.replaceAll('"', '""')}"`;
  const all = { ...SETTINGS, [OWNER_SETTING]: String(process.pid), ...settings };
  const postgres = [programs.postgres, '-D', directory, '-k', sockets, ...asArguments(all)];
  const guard = ['sh', '-c', GUARD, 'milepost-guard', host, ...postgres];
  const [command = '', ...args] = [...runner.prefix, ...guard];
  // Detached: Ctrl-C reaches this process alone, which stops PostgreSQL last.
  const child = spawn(command, args, {
    ...runner.options,
    cwd: directory,
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  });

  let log = '';
  let ready = false;
  const ended = new Promise<string>((settle) => {
    // Not at `exit`: PostgreSQL's last words may still be in the pipe.
    child.on('close', () => settle(log));
    child.on('error', (error) => settle(error.message));
  });
  const readiness = new Promise<void>((settle) => {
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      log = (log + chunk).slice(-4000);
      ready ||= log.includes('ready to accept connections');
      if (ready) settle();
    });
  });
  await Promise.race([readiness, ended]);

  if (!ready) {
    if (LOST_RACE.test(log)) return undefined;
    throw new EmbeddedDatabaseError(`PostgreSQL did not start on ${directory}:\n${(await ended).trim()}`);
  }
  release(child);
  const stop = async () => {
    child.ref();
    child.stdin.end();
    await ended;
  };
  return { host, owned: true, ended, stop };
}

/** Where the socket lies: in the data directory, unless its path is too long for a socket. */
async function socketDirectory(directory: string, runner: Runner): Promise<string> {
  if (Buffer.byteLength(directory) <= MAX_HOST_BYTES) return directory;
  const host = await mkdtemp('/tmp/milepost-');
  await giveTo(runner, host);
  return host;
}

async function giveTo({ account }: Runner, path: string): Promise<void> {
  if (account !== undefined) await chown(path, account.uid, account.gid);
}

function asArguments(settings: Record<string, string>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** Lets this process end although PostgreSQL runs. */
function release(child: ChildProcessByStdio<Writable, null, Readable>): void {
  child.unref();
  (child.stdin as Socket).unref();
  (child.stderr as Socket).unref();
}
