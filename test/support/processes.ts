import { createTestDatabase } from './database.ts';
import { anyRedis } from './redis.ts';
import { type ScriptedModel, startScriptedModel } from './scripted-model.ts';
import { asUrl } from './server.ts';
import { type ServerProcess, startServer } from './server-process.ts';

/** Several whole servers over one database and one Redis. */
export interface Processes {
  model: ScriptedModel;
  servers: ServerProcess[];
  /** What a server needs to be one of them. */
  environment: Record<string, string>;
  redisUrl: string;
  /** One more of them. */
  add(more?: Record<string, string>): Promise<ServerProcess>;
  close(): Promise<void>;
}

export interface ProcessesOptions {
  environment?: Record<string, string>;
  /** By default databases and a Redis of the tests' own. */
  databaseUrl?: string;
  redisUrl?: string;
}

export async function startProcesses(count: number, options: ProcessesOptions = {}): Promise<Processes> {
  const [database, redis, model] = await Promise.all([
    options.databaseUrl ? null : createTestDatabase(),
    options.redisUrl ? null : anyRedis(),
    startScriptedModel(),
  ]);
  const redisUrl = options.redisUrl ?? (redis?.url as string);
  const environment = {
    DATABASE_URL: options.databaseUrl ?? asUrl((database as NonNullable<typeof database>).location),
    REDIS_URL: redisUrl,
    MILEPOST_SECRET: 'a secret for tests, of more than 32 characters',
    OPENAI_BASE_URL: model.url,
    SHUTDOWN_GRACE_MS: '500',
    ...options.environment,
  };
  const servers: ServerProcess[] = [];
  const add = async (more: Record<string, string> = {}) => {
    const server = await startServer({ ...environment, ...more });
    servers.push(server);
    return server;
  };
  await Promise.all(Array.from({ length: count }, () => add()));
  return {
    ...{ model, servers, environment, redisUrl, add },
    async close() {
      await Promise.all(servers.map((server) => server.terminate()));
      await Promise.all([model.close(), redis?.stop()]);
      await database?.drop();
    },
  };
}
