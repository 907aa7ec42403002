import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Config } from '../config.ts';
import { findPrograms } from '../database/embedded-programs.ts';
import { inspectDatabase } from '../database/inspection.ts';
import { JOB_CONNECTIONS } from '../database/job-queue.ts';
import { OLDEST_VERSION } from '../database/migrator.ts';
import { reachDatabase } from '../database/reach.ts';
import { DEFAULT_MODEL } from '../language-model/create.ts';
import { probeEndpoint } from '../language-model/probe.ts';
import { RedisConnection } from '../redis/connection.ts';
import { type Finding, well, wrong } from './finding.ts';

/** Tokens, leases and effects live by the clock; more than this is felt. */
const CLOCK_TOLERANCE_MS = 2000;

/** The database: reachable, new enough, its schema, its clock, room for our connections. An embedded one that does not run is started for it. */
export async function checkDatabase(config: Config): Promise<Finding[]> {
  const { databaseUrl, dataDir, databasePoolSize } = config;
  try {
    if (!databaseUrl && !existsSync(join(dataDir, 'postgres'))) {
      await findPrograms();
      return [well('Database', `embedded, made in ${dataDir} at the first start`)];
    }
    const { location, stop } = await reachDatabase(config);
    const inspected = await inspectDatabase(location).finally(stop);
    const { version, missingMigrations, clockAheadMs, maxConnections } = inspected;
    const place = databaseUrl ? `PostgreSQL ${version}` : `embedded PostgreSQL ${version} in ${dataDir}`;
    const missing = missingMigrations.length;
    const needed = databasePoolSize + JOB_CONNECTIONS;
    return [
      Number.parseInt(version, 10) < OLDEST_VERSION
        ? wrong('Database', place, `Milepost needs PostgreSQL ${OLDEST_VERSION} or newer.`)
        : well(
            'Database',
            `${place}, ${missing === 0 ? 'up to date' : `${missing} migration(s) to apply at the next start`}`,
          ),
      Math.abs(clockAheadMs) > CLOCK_TOLERANCE_MS
        ? wrong('Clock', `${Math.abs(clockAheadMs)} ms from the database's`, 'Keep both machines in time (NTP).')
        : well('Clock', "as the database's"),
      maxConnections < needed
        ? wrong(
            'Connections',
            `the database takes ${maxConnections}`,
            `One process wants up to ${needed}: raise max_connections, or lower DATABASE_POOL_SIZE.`,
          )
        : well('Connections', `the database takes ${maxConnections}, one process wants up to ${needed}`),
    ];
  } catch (error) {
    const hint = databaseUrl
      ? 'Is PostgreSQL running, and are host, name, user and password of DATABASE_URL right?'
      : 'See the message; the logs of the server may say more.';
    return [wrong('Database', withoutPassword(error), hint)];
  }
}

/** Messages of drivers may repeat the address, and it holds a password. */
function withoutPassword(error: unknown): string {
  const { message, code = '' } = error as NodeJS.ErrnoException;
  const words = (message || code || 'cannot be reached').replaceAll(/:\/\/[^@\s]*@/g, '://…@');
  return words.split('\n')[0] ?? words;
}

export async function checkRedis({ redisUrl }: Config): Promise<Finding> {
  if (!redisUrl) return well('Redis', 'not configured: this process works alone');
  const redis = new RedisConnection(redisUrl, pino({ level: 'silent' }));
  try {
    await redis.open();
    if (redis.run !== null) return well('Redis', 'answers');
    return wrong('Redis', 'cannot be reached', 'Is it running, and is REDIS_URL right?');
  } catch (error) {
    return wrong(
      'Redis',
      withoutPassword(error),
      'Correct REDIS_URL: the user, the password, the number of the database.',
    );
  } finally {
    await redis.close();
  }
}

/** Whether the endpoint of the language model is there and takes the key. */
export async function checkModel({ model: { apiKey, baseUrl, model = DEFAULT_MODEL } }: Config): Promise<Finding> {
  const what = 'Language model';
  if (!apiKey && !baseUrl)
    return well(what, 'OFFLINE: a built-in stand-in answers. Set OPENAI_API_KEY or OPENAI_BASE_URL for a real one');
  const place = baseUrl ?? 'OpenAI';
  const answer = await probeEndpoint(baseUrl, apiKey);
  switch (answer.state) {
    case 'unreachable':
      return wrong(
        what,
        `${place} cannot be reached: ${answer.reason}`,
        baseUrl
          ? 'Is it running, and is OPENAI_BASE_URL right? It often ends in /v1.'
          : 'Let this machine reach it, or set OPENAI_BASE_URL to an endpoint that it can reach.',
      );
    case 'refused':
      return wrong(what, `${place} refuses the key (status ${answer.status})`, 'Correct OPENAI_API_KEY.');
    case 'unlisted':
      return well(what, `${place} answers, but does not list its models (status ${answer.status})`);
    case 'listed':
      return answer.models.includes(model)
        ? well(what, `${model} at ${place}`)
        : wrong(
            what,
            `${place} has no model ${model}`,
            `Set OPENAI_MODEL to one it has: ${answer.models.slice(0, 5).join(', ')}.`,
          );
  }
}
