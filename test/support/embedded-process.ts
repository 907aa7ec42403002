import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Another process that serves an embedded database. */
export interface EmbeddedProcess {
  process: ChildProcess;
  /** The next line it prints as JSON; its error output as the reason when it ends instead. */
  next(): Promise<Record<string, unknown>>;
  /** Ends it at once, as the system does when memory runs out. */
  kill(): Promise<void>;
  /** Asks it to stop its server, and waits for both. */
  stop(): Promise<void>;
}

const PROGRAM = join(import.meta.dirname, 'embedded-program.ts');
const SOURCES = join(import.meta.dirname, '..', '..', 'src', 'database');

/** Starts a process that starts an embedded database on the directory; `sources` is where its code is taken from. */
export function startProcess(
  directory: string,
  { sources = SOURCES, ...options }: SpawnOptions & { sources?: string } = {},
): EmbeddedProcess {
  const args = [PROGRAM, join(sources, 'embedded.ts'), directory];
  const child = spawn(process.execPath, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  const exit = once(child, 'close');
  let errors = '';
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  if (child.stdout === null) throw new Error('the process has no output');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    process: child,
    next: async () => {
      const { value, done } = await lines.next();
      if (!done) return JSON.parse(value);
      await exit;
      throw new Error(errors);
    },
    kill: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
    stop: async () => {
      child.stdin?.end();
      await exit;
    },
  };
}

/** The process id of the server that serves the directory. */
export async function postmasterOf(directory: string): Promise<number> {
  return Number.parseInt(await readFile(join(directory, 'postmaster.pid'), 'utf8'), 10);
}
