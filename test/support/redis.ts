import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.ts';

/** A Redis for tests, that keeps nothing on disk. */
export interface TestRedis {
  url: string;
  pid: number;
  /** Ends it at once; what it held is gone. */
  stop(): Promise<void>;
  /** Begins again at the same place, empty. */
  start(): Promise<void>;
}

const PROGRAM = (process.env.PATH ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'redis-server'))
  .find((path) => existsSync(path));

/** What is added to the name of a suite that needs a Redis of its own, where none can be started; null: it can. */
export const NO_REDIS = PROGRAM ? null : 'skipped, there is no redis-server (apt-get install redis-server)';
/** The same for one that can do with the Redis at TEST_REDIS_URL. */
export const NO_REDIS_URL = process.env.TEST_REDIS_URL ? null : NO_REDIS;

/** The address of a Redis: TEST_REDIS_URL, or that of one that is started. */
export async function anyRedis(): Promise<{ url: string; stop(): Promise<void> }> {
  const url = process.env.TEST_REDIS_URL;
  return url ? { url, stop: async () => {} } : startTestRedis();
}

/** Starts a Redis on a port of its own. It ends with this process. */
export async function startTestRedis(settings: Record<string, string> = {}): Promise<TestRedis> {
  const port = await freePort();
  let child = await serve(port, settings);
  return {
    url: `redis://127.0.0.1:${port}`,
    get pid() {
      return child.pid as number;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
    async start() {
      child = await serve(port, settings);
    },
  };
}

const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

async function serve(port: number, settings: Record<string, string>): Promise<ChildProcess> {
  const options = { ...settings, port, bind: '127.0.0.1', save: '', appendonly: 'no', daemonize: 'no' };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  const child = spawn(PROGRAM as string, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error(said.join('\n'))));
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(line);
      if (line.includes('Ready to accept connections')) resolve();
    });
  });
  return child;
}
