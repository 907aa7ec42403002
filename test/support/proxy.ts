import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './free-port.ts';

const CONFIGURATION = join(import.meta.dirname, '..', '..', 'deploy', 'nginx.conf');

/** What is added to the name of a suite that needs nginx, where there is none; null: there is. */
export const NO_NGINX =
  spawnSync('nginx', ['-v']).status === 0 ? null : 'skipped, there is no nginx (apt-get install nginx-light)';

export interface RunningProxy {
  origin: string;
  /** The lines of its logs. */
  output(): string;
  stop(): Promise<void>;
}

/** The proxy as it is deployed, in front of these servers instead of those of the containers. */
export async function startProxy(...origins: [string, string]): Promise<RunningProxy> {
  const folder = await mkdtemp(join(tmpdir(), 'milepost-nginx-'));
  const port = await freePort();
  const configuration = (await readFile(CONFIGURATION, 'utf8'))
    .replaceAll('/tmp/', `${folder}/`)
    .replace('/dev/stdout', join(folder, 'access.log'))
    .replace('listen 8080;', `listen 127.0.0.1:${port};`)
    // Debian's nginx is too old for it, and the addresses here stay as they are.
    .replaceAll(' resolve ', ' ')
    .replace('milepost-1:4000', new URL(origins[0]).host)
    .replace('milepost-2:4000', new URL(origins[1]).host);
  const file = join(folder, 'nginx.conf');
  await writeFile(file, configuration);
  const nginx = spawn('nginx', ['-p', folder, '-c', file, '-g', 'daemon off;'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  nginx.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const ended = once(nginx, 'exit');
  await Promise.race([listens(port), ended.then(() => Promise.reject(new Error(errors)))]);
  return {
    origin: `http://127.0.0.1:${port}`,
    output: () => errors + readFileSync(join(folder, 'access.log'), 'utf8'),
    async stop() {
      nginx.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

/** Resolves once somebody listens at the port. */
async function listens(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const connected = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (connected) return;
    await pause(20);
  }
}
