import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';

export interface LocalRedis {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

/** Starts a Redis that keeps nothing on disk, if this machine has one; null: it has none. */
export async function startLocalRedis(): Promise<LocalRedis | null> {
  const port = await freePort();
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  // Apart from this process's group: Ctrl-C is for the processes that use it.
  const child = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  const ended = once(child, 'exit').catch(() => undefined);
  const ready = new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(false)).once('exit', () => resolve(false));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.includes('Ready to accept connections')) resolve(true);
    });
  });
  if (!(await ready)) return null;
  process.once('exit', () => child.kill('SIGKILL'));
  return {
    url: `redis://127.0.0.1:${port}`,
    pid: child.pid as number,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
