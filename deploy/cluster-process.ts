import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts');

/** What keeps a cluster from starting; the message says what. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';
}

export interface ClusterProcess {
  /** What it prints when it serves. Fails with ClusterError when it ends before. */
  ready: Promise<string>;
  /** Asks it to stop, and waits for it. */
  stop(): Promise<void>;
}

/** One of several processes of a cluster; its log is passed on with its port in front. */
export function startClusterProcess(port: number, environment: Record<string, string>): ClusterProcess {
  const child = spawn(process.execPath, ['--max-semi-space-size=32', MAIN], {
    env: { ...process.env, ...environment, HOST: '127.0.0.1', PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  createInterface({ input: child.stderr }).on('line', (line) => process.stderr.write(`${port}: ${line}\n`));
  let said = '';
  const ready = new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (/^ {2}API key .*\n/m.test(said)) resolve(said);
    });
    void ended.then(() => reject(new ClusterError(`The process at port ${port} ended: see above.`)));
  });
  // Told to whoever waits for it.
  ready.catch(() => undefined);
  void ended.then((code) => process.stderr.write(`${port}: ended${code === null ? '' : ` with ${code}`}\n`));
  return {
    ready,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
