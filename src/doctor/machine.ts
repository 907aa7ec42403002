import { constants, existsSync } from 'node:fs';
import { access, readFile, stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { type Finding, well, wrong } from './finding.ts';

const GIBIBYTE = 2 ** 30;
/** Below it a database that grows is soon in trouble. */
const LITTLE_SPACE = GIBIBYTE;
/** What a process has open besides connections of clients: the database's, logs, libraries. */
const OPEN_BESIDES = 200;
const OLDEST_NODE = [22, 18] as const;

export function checkNode(version = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return well('Node', version);
  return wrong('Node', version, `Use ${OLDEST_NODE.join('.')} or newer; npm start brings its own.`);
}

/** Whether the folder of the database and the secret can be used, and there is room. */
export async function checkDataFolder(dataDir: string): Promise<Finding[]> {
  const folder = resolve(dataDir);
  const present = existsSync(folder);
  const place = present ? folder : existingParent(folder);
  const writable = await access(place, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!writable) {
    const hint = 'Give this account the right to write there, or set MILEPOST_DATA_DIR to another folder.';
    return [wrong('Data folder', `${place} cannot be written to`, hint)];
  }
  const secret = await stat(join(folder, 'secret')).catch(() => null);
  const open = secret !== null && (secret.mode & 0o077) !== 0;
  const { bavail, bsize } = await statfs(place);
  const free = bavail * bsize;
  const room = `${(free / GIBIBYTE).toFixed(1)} GiB free at ${place}`;
  return [
    open
      ? wrong('Data folder', `${folder}/secret can be read by others`, `chmod 600 ${folder}/secret`)
      : well('Data folder', present ? folder : `${folder}, made at the first start`),
    free < LITTLE_SPACE
      ? wrong('Disk', room, 'Make room, or move the data folder: MILEPOST_DATA_DIR.')
      : well('Disk', room),
  ];
}

function existingParent(path: string): string {
  return existsSync(path) ? path : existingParent(dirname(path));
}

/** Whether as many files may be open as there may be connections. Only Linux tells. */
export async function checkOpenFiles(maxConnections: number): Promise<Finding[]> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const [, soft] = /^Max open files +(\w+)/m.exec(limits) ?? [];
  if (soft === undefined) return [];
  if (soft === 'unlimited' || Number(soft) >= maxConnections) return [well('Open files', `${soft} at most`)];
  const hint = `MAX_CONNECTIONS is ${maxConnections}: raise the limit to ${maxConnections + OPEN_BESIDES} (ulimit -n, LimitNOFILE), or lower MAX_CONNECTIONS.`;
  return [wrong('Open files', `${soft} at most`, hint)];
}

/** Whether the port is free, or Milepost itself is on it. */
export async function checkPort(port: number, host: string): Promise<Finding> {
  const place = `${host}:${port}`;
  const code = await portFault(port, host);
  if (code === null) return well('Port', `${place} is free`);
  if (code === 'EACCES') return wrong('Port', `${place} is not allowed`, 'Set PORT to one above 1023.');
  if (code !== 'EADDRINUSE')
    return wrong('Port', `${host} is no address of this machine`, 'Set HOST to one of its own.');
  return (await isMilepost(port, host))
    ? well('Port', `${place}, where Milepost runs`)
    : wrong('Port', `${place} is taken by another program`, 'Stop that, or set PORT to another one.');
}

function portFault(port: number, host: string): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code = '' }: NodeJS.ErrnoException) => resolve(code));
    server.listen(port, host, () => server.close(() => resolve(null)));
  });
}

async function isMilepost(port: number, host: string): Promise<boolean> {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host;
  try {
    const response = await fetch(`http://${name}:${port}/health/live`, { signal: AbortSignal.timeout(2000) });
    return ((await response.json()) as { status?: string }).status === 'live';
  } catch {
    return false;
  }
}
