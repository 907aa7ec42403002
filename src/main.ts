import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { createApp } from './app.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { openDatabase } from './database/client.ts';
import { EmbeddedDatabaseError } from './database/embedded-account.ts';
import { MigrationError, migrateDatabase } from './database/migrator.ts';
import { type ReachedDatabase, reachDatabase } from './database/reach.ts';
import { isDatabaseUnavailable } from './database/unavailable.ts';
import { prepareFirstStart } from './first-start.ts';
import { OperationListError } from './http/known-operations.ts';
import { createLanguageModel } from './language-model/create.ts';
import { RedisConnection, RedisError } from './redis/connection.ts';
import { readSecret, SecretError } from './secret.ts';
import { shutDown } from './shutdown.ts';
import { createLog, writeOut } from './telemetry/log.ts';
import { apart } from './telemetry/scope.ts';
import { type RunningTelemetry, startTelemetry } from './telemetry/telemetry.ts';
import { welcome } from './welcome.ts';
import { isMistyped } from './workspaces/api-keys.ts';

/** An operator can mend this; the message says how. */
class StartError extends Error {
  override readonly name = 'StartError';
}

/** How long what is closed may wait for others at the end, who may be gone. */
const CLOSE_PATIENCE_MS = 5000;
/** How long the process stays to write down the fault that ends it. */
const LAST_WORDS_MS = 1000;

async function main(): Promise<void> {
  let stopping: Promise<void> | undefined;
  const config = readConfig();
  const log = createLog(config.logLevel);
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'A fault of our own ends the process');
    setTimeout(() => process.exit(1), LAST_WORDS_MS);
    void writeOut(log).then(() => process.exit(1));
  });
  if (config.apiKey && isMistyped(config.apiKey))
    throw new StartError('MILEPOST_API_KEY looks like a key that Milepost made, but one of its characters is wrong.');
  const telemetry = await startMeasuring(config);
  const redis = await reachRedis(config, log);
  const server = await reachOwnDatabase(config);
  const migrations = await migrateDatabase(server.location);
  const database = openDatabase({
    location: server.location,
    maxConnections: config.databasePoolSize,
    onConnectionLost: (error) =>
      stopping || apart(() => log.warn({ err: error }, 'A connection to the database was lost')),
  });
  const firstKey = await prepareFirstStart(database.db, config);
  const model = createLanguageModel(config.model);
  const secret = config.secret ?? (await readSecret(config.dataDir));
  // Whoever started the embedded database is the only one to use it.
  const app = createApp({ config, database, model, secret, log, telemetry, redis, alone: server.embedded !== null });
  const address = await app.listen().catch((error) => explainListening(error, config));
  const stop = (exitCode: number) => {
    stopping ??= shutDown(log, [
      { close: app.dispose, patienceMs: config.shutdownDelayMs + config.shutdownGraceMs + CLOSE_PATIENCE_MS },
      { close: database.close, patienceMs: CLOSE_PATIENCE_MS },
      // It may have much to write down.
      { close: server.stop },
      { close: async () => redis?.close(), patienceMs: CLOSE_PATIENCE_MS },
      { close: telemetry.close, patienceMs: CLOSE_PATIENCE_MS },
      { close: () => writeOut(log), patienceMs: CLOSE_PATIENCE_MS },
    ]).then(() => process.exit(exitCode));
  };
  process.on('SIGTERM', () => stop(0)).on('SIGINT', () => stop(0));
  // Whoever has read this may ask it to stop.
  process.stdout.write(
    welcome({
      ...{ config, address: address as AddressInfo, model, migrations, firstKey, embedded: server.embedded !== null },
      metrics: telemetry.metricsAddress,
    }),
  );
  void server.embedded?.ended.then((lastWords) => {
    if (stopping) return;
    log.fatal({ lastWords }, 'The embedded PostgreSQL ended by itself');
    stop(1);
  });
}

async function startMeasuring(config: Config): Promise<RunningTelemetry> {
  const explain = (error: NodeJS.ErrnoException) =>
    config.metrics ? explainListening(error, config.metrics, 'METRICS_') : Promise.reject(error);
  return startTelemetry(config).catch(explain);
}

async function reachRedis({ redisUrl }: Config, log: Logger): Promise<RedisConnection | undefined> {
  if (!redisUrl) return undefined;
  const redis = new RedisConnection(redisUrl, log);
  await redis.open();
  return redis;
}

async function reachOwnDatabase(config: Config): Promise<ReachedDatabase> {
  const database = await reachDatabase(config, { make: true });
  if (database.embedded?.owned === false)
    throw new StartError(
      `Milepost is already running on ${config.dataDir}. Stop it, or set MILEPOST_DATA_DIR to another folder.`,
    );
  return database;
}

function explainListening(
  error: NodeJS.ErrnoException,
  { port, host }: { port: number; host: string },
  prefix = '',
): never {
  if (error.code === 'EADDRINUSE')
    throw new StartError(`Port ${port} on ${host} is taken. Set ${prefix}PORT to another one.`);
  if (error.code === 'EACCES')
    throw new StartError(`Port ${port} may not be used by this account. Set ${prefix}PORT to one above 1023.`);
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
    throw new StartError(
      `${host} is no address of this machine. Set ${prefix}HOST to one, such as 127.0.0.1 or 0.0.0.0.`,
    );
  throw error;
}

const EXPLAINED = [
  ConfigError,
  StartError,
  OperationListError,
  RedisError,
  EmbeddedDatabaseError,
  MigrationError,
  SecretError,
];

main().catch((error: unknown) => {
  const explained = EXPLAINED.some((ErrorClass) => error instanceof ErrorClass);
  if (isDatabaseUnavailable(error))
    console.error(
      `Milepost cannot start.\n\nThe database cannot be reached: ${(error as Error).message}\nnpm run doctor looks at DATABASE_URL and everything else.\n`,
    );
  else if (explained) console.error(`Milepost cannot start.\n\n${(error as Error).message}\n`);
  else createLog('fatal').fatal({ err: error }, 'Milepost cannot start');
  // The embedded server goes with this process.
  process.exit(1);
});
