// Several Milepost processes behind a small proxy, on this machine, for trying it: npm run cluster -- 3
//
// DATABASE_URL and REDIS_URL are used where they are set. Otherwise the embedded PostgreSQL of the data folder is started for all
// of them, and a redis-server if this machine has one. Ctrl-C stops everything.
import { join } from 'node:path';
import { type Config, ConfigError, readConfig } from '../src/config.ts';
import { startEmbedded } from '../src/database/embedded.ts';
import { EmbeddedDatabaseError } from '../src/database/embedded-account.ts';
import { readSecret } from '../src/secret.ts';
import { ClusterError, type ClusterProcess, startClusterProcess } from './cluster-process.ts';
import { startLocalProxy } from './local-proxy.ts';
import { startLocalRedis } from './local-redis.ts';

const MOST = 16;

/** What is closed at the end, the last first. */
const closing: (() => Promise<unknown> | unknown)[] = [];

async function main(): Promise<void> {
  const count = readCount();
  const config = readConfig();
  const environment = { ...(await reachDatabase(config)), ...(await reachRedis(config)) };
  const ports = Array.from({ length: count }, (_, index) => config.port + index + 1);
  const processes: ClusterProcess[] = [];
  closing.push(() => Promise.all(processes.map((one) => one.stop())));
  // The first one makes what an empty database needs, and shows its key.
  for (const port of ports) processes.push(startClusterProcess(port, environment));
  const welcomes = await Promise.all(processes.map((one) => one.ready));
  const proxy = await startLocalProxy(
    ports.map((port) => ({ port, host: '127.0.0.1' })),
    config,
  ).catch((error: Error) => {
    throw new ClusterError(
      `${config.host}:${config.port} cannot be listened at: ${error.message}. Set PORT to another one.`,
    );
  });
  closing.push(() => proxy.close());
  const key = welcomes.map((text) => /^ {2}API key +(mp_\S+)/m.exec(text)?.[1]).find(Boolean);
  process.stdout.write(describe(config, ports, { key, ...environment }));
}

function readCount(): number {
  const [given = '3', ...rest] = process.argv.slice(2);
  const count = Number(given);
  if (rest.length > 0 || !Number.isInteger(count) || count < 1 || count > MOST)
    throw new ClusterError(`Usage: npm run cluster -- <number of processes, 1 to ${MOST}>`);
  return count;
}

async function reachDatabase({ databaseUrl, secret, dataDir }: Config): Promise<Record<string, string>> {
  if (databaseUrl && secret) return { DATABASE_URL: databaseUrl, MILEPOST_SECRET: secret };
  const { host, owned, stop } = await startEmbedded(join(dataDir, 'postgres'));
  if (!owned) throw new ClusterError(`Milepost is already running on ${dataDir}. Stop it, or set MILEPOST_DATA_DIR.`);
  closing.push(stop);
  const url = `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(host)}`;
  return { DATABASE_URL: url, MILEPOST_SECRET: secret ?? (await readSecret(dataDir)) };
}

async function reachRedis({ redisUrl }: Config): Promise<Record<string, string>> {
  if (redisUrl) return { REDIS_URL: redisUrl };
  const redis = await startLocalRedis();
  if (!redis) return {};
  closing.push(redis.stop);
  return { REDIS_URL: redis.url };
}

function describe(
  { host, port, databaseUrl }: Config,
  ports: number[],
  { key, REDIS_URL }: { key?: string | undefined; REDIS_URL?: string },
): string {
  const rows = [
    ['All of them', `http://${host}:${port}`],
    ...ports.map((one, index) => [`Process ${index + 1}`, `http://127.0.0.1:${one}`]),
    ['PostgreSQL', databaseUrl ? 'of DATABASE_URL' : 'embedded'],
    ['Redis', REDIS_URL ?? 'NONE: readers hear live events only of the process they are connected to'],
    ...(key ? [['API key', `${key}  (shown once: keep it)`]] : []),
  ];
  const table = rows.map(([name = '', value]) => `  ${name.padEnd(13)}${value}\n`).join('');
  return `\n${ports.length} processes are ready.\n\n${table}\nCtrl-C stops them.\n`;
}

let stopping = false;

/** Ctrl-C reaches the processes as well; whoever has ended already is not asked again. */
async function stop(exitCode: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  for (const close of closing.reverse()) await close();
  process.exit(exitCode);
}

process.on('SIGINT', () => stop(0)).on('SIGTERM', () => stop(0));
main().catch((error: unknown) => {
  const explained = [ClusterError, ConfigError, EmbeddedDatabaseError].some(
    (ErrorClass) => error instanceof ErrorClass,
  );
  console.error(explained ? (error as Error).message : error);
  return stop(1);
});
