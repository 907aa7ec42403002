// Finds out whether PostgreSQL already serves a data directory, and clears away what dead processes left in it.
import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { EmbeddedDatabaseError } from './embedded-account.ts';

const run = promisify(execFile);

/** A setting of the server that PostgreSQL ignores: the process that started it, to be read off its command line. */
export const OWNER_SETTING = 'milepost.owner';

/** The socket directory of the server that serves the data directory, once it is ready; undefined when there is none. */
export async function findRunningServer(directory: string, timeoutMs = 60_000): Promise<string | undefined> {
  const pidFile = join(directory, 'postmaster.pid');
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const content = readPidFile(pidFile);
    if (content === undefined) return undefined;
    const { pid, host, status } = parsePidFile(content);
    const command = await commandLine(pid);
    if (command.includes(` -D ${directory} `)) {
      const owner = Number(new RegExp(`${OWNER_SETTING}=(\\d+)`).exec(command)?.[1]);
      // Its guard is about to do the same, unless that was killed as well.
      if (!isAlive(owner)) stopOrphan(pid);
      else if (status === 'ready' && (await answers(host))) return host;
    } else if (await answers(host)) {
      // It cannot be seen, but it answers: it runs in another container on the same volume.
      return host;
    } else if (readPidFile(pidFile) === content) {
      // The number belongs to nobody or to another program. Read again, because another start may have replaced the file.
      rmSync(pidFile, { force: true });
    }
    if (Date.now() > deadline) {
      throw new EmbeddedDatabaseError(
        `PostgreSQL (process ${pid}) holds ${directory} but neither becomes ready nor ends. Stop that process, then start again.`,
      );
    }
    await pause(20);
  }
}

/** Whether a process with this number exists, whoever it belongs to. */
export function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function readPidFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The lines are fixed by PostgreSQL: process, data directory, start, port, socket directory, address, memory key, status. */
function parsePidFile(content: string): { pid: number; host: string; status: string } {
  const lines = content.split('\n');
  return { pid: Number(lines[0]), host: lines[4] ?? '', status: lines[7]?.trim() ?? '' };
}

function stopOrphan(pid: number): void {
  try {
    process.kill(pid, 'SIGINT');
  } catch {
    // It ended meanwhile, or belongs to somebody else: the deadline above tells which.
  }
}

function answers(host: string): Promise<boolean> {
  if (host === '') return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = createConnection(join(host, '.s.PGSQL.5432'));
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

// Slim containers have no ps, and macOS has no /proc.
async function commandLine(pid: number): Promise<string> {
  if (process.platform !== 'linux') {
    return run('ps', ['-ww', '-o', 'args=', '-p', String(pid)]).then(
      ({ stdout }) => stdout,
      () => '',
    );
  }
  const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return words.replaceAll('\0', ' ');
}
