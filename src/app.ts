import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createLocalAnnouncements } from './announcements.ts';
import type { Config } from './config.ts';
import type { Context, Services } from './context.ts';
import type { Database } from './database/client.ts';
import { createJobQueue } from './database/job-queue.ts';
import { createDatabaseProbe } from './database/readiness.ts';
import { createGraphql } from './http/graphql.ts';
import { createRoutes } from './http/rest-app.ts';
import { createHttpServer } from './http/server.ts';
import { createTransitionCursors } from './identities/transition-cursors.ts';
import { createTransitionFeed } from './identities/transition-feed.ts';
import { sizes } from './input.ts';
import { effectLanes } from './journeys/effects.ts';
import type { LanguageModel } from './language-model/port.ts';
import { Readiness } from './readiness.ts';
import { createRedisAnnouncements } from './redis/announcements.ts';
import type { RedisConnection } from './redis/connection.ts';
import { RedisEventLog } from './redis/event-log.ts';
import { createRedisLimiters } from './redis/limiters.ts';
import { observeJobs } from './telemetry/observed-jobs.ts';
import { observeModel } from './telemetry/observed-model.ts';
import { observeStatements } from './telemetry/observed-statements.ts';
import { currentScope } from './telemetry/scope.ts';
import { NO_TELEMETRY, type Telemetry } from './telemetry/telemetry.ts';
import { Answering } from './turns/answering.ts';
import { createCursors } from './turns/cursors.ts';
import { Histories } from './turns/histories.ts';
import { MemoryEventLog } from './turns/memory-event-log.ts';
import { TurnRunner } from './turns/runner.ts';
import { loadTokenizer } from './turns/tokens.ts';
import { createWebhookSender } from './webhooks/sender.ts';
import { createAccessTokens } from './workspaces/access-tokens.ts';
import { Credentials } from './workspaces/credentials.ts';
import { RateLimits } from './workspaces/rate-limits.ts';

export interface AppOptions {
  config: Config;
  database: Database;
  model: LanguageModel;
  /** Signs access tokens and cursors. */
  secret: string;
  log: Logger;
  telemetry?: Telemetry;
  /** What all processes share besides the database; undefined: this is the only one. */
  redis?: RedisConnection | undefined;
  /** No other process uses the database. */
  alone?: boolean;
}

export interface App {
  /** The whole app without a port. */
  fetch(request: Request): Promise<Response>;
  /** Begins to serve and to run turns; resolves with the address. */
  listen(): Promise<AddressInfo>;
  /** Stops accepting, lets running turns finish for the grace period, closes everything it opened. The database stays open. */
  dispose(): Promise<void>;
}

/** How long readers may take to be told the last events, in milliseconds. */
const READERS_PATIENCE_MS = 1000;

/** Builds everything there is, once. */
export function createApp(options: AppOptions): App {
  const { config, database, model, secret, log, telemetry = NO_TELEMETRY, redis, alone = false } = options;
  Object.assign(sizes, config.limits.sizes);
  const { db, statements } = database;
  const accessTokens = createAccessTokens(secret);
  const announcements = redis ? createRedisAnnouncements(redis, log) : createLocalAnnouncements();
  const core: Omit<Services, 'turns'> = {
    db,
    statements: observeStatements(statements, telemetry.tracer),
    answering: new Answering(db, announcements),
    histories: new Histories(announcements),
    log,
    telemetry,
    accessTokens,
    credentials: new Credentials({
      db,
      log,
      accessTokens,
      announcements,
      connectionsPerKey: config.limits.connectionsPerKey,
    }),
    limits: config.limits,
    rateLimits: new RateLimits(config.limits.rates, redis && createRedisLimiters(redis)),
    jobs: createJobQueue({ openPool: database.openPool, log, graceMs: config.shutdownGraceMs }),
    webhooks: createWebhookSender({
      secret,
      allowPrivate: config.webhookAllowPrivate,
      userAgent: `Milepost/${config.version}`,
    }),
    announcements,
    transitionFeed: createTransitionFeed(announcements),
    transitionCursors: createTransitionCursors(secret),
    eventLog: redis
      ? new RedisEventLog({ connection: redis, log, maxBytes: config.eventLogBytes })
      : new MemoryEventLog({ maxBytes: config.eventLogBytes }),
    cursors: createCursors(secret),
  };
  const services: Services = {
    ...core,
    turns: new TurnRunner(core, { model: observeModel(model, telemetry), contextTokens: config.contextTokens, alone }),
  };
  const contextOf = async (credential: string): Promise<Context> => {
    const access = await services.credentials.open(credential);
    return {
      ...services,
      workspaceId: access.workspaceId,
      access,
      requestId: currentScope().requestId ?? randomUUID(),
    };
  };
  const {
    corsOrigins,
    bodyLimitBytes,
    socketBufferBytes: bufferBytes,
    stallTimeoutMs,
    sseHeartbeatMs,
    webSocketKeepAliveMs,
  } = config;
  const streamLimits = { heartbeatMs: sseHeartbeatMs, stallTimeoutMs, bufferBytes };
  const graphql = createGraphql({ log, streamLimits, limits: config.limits.graphql });
  const shared = { authenticate: contextOf, graphql, log, telemetry, corsOrigins, bodyLimitBytes };
  const databaseProbe = createDatabaseProbe(database.openPool);
  const readiness = new Readiness([
    { name: 'database', listMissing: databaseProbe.listMissing },
    ...(redis ? [{ name: 'redis', listMissing: async () => (redis.run === null ? ['redis'] : []) }] : []),
  ]);
  const routes = createRoutes({
    ...{ ...shared, readiness, streamLimits },
    explorer: config.limits.explorer,
    version: config.version,
  });
  const server = createHttpServer({
    ...shared,
    routes,
    connectionLimits: config,
    bufferBytes,
    keepAliveMs: webSocketKeepAliveMs,
    socketIdleMs: config.limits.socketIdleMs,
  });
  telemetry.metrics.observe({
    runningTurns: () => services.turns.runningCount,
    sockets: server.countSockets,
    eventLogBytes: () => services.eventLog.bytes,
    pool: () => ({
      total: database.pool.totalCount,
      idle: database.pool.idleCount,
      waiting: database.pool.waitingCount,
    }),
  });
  return {
    fetch: async (request) => routes.fetch(request),
    async listen() {
      await services.jobs.start(observeJobs(effectLanes(services), telemetry));
      await services.turns.start();
      const address = await server.listen(config.port, config.host);
      loadTokenizer().catch((error) => log.error({ err: error }, 'The tokenizer could not be loaded'));
      return address;
    },
    async dispose() {
      readiness.beginToStop();
      // Balancers find out by asking; until they have, they go on sending.
      await pause(config.shutdownDelayMs);
      server.stopAccepting();
      await Promise.all([services.turns.close(config.shutdownGraceMs), services.jobs.stop()]);
      // Readers are told how their turns ended; then they are let go, and sockets close.
      const told = new AbortController();
      await Promise.race([
        services.eventLog.close(),
        pause(READERS_PATIENCE_MS, undefined, { signal: told.signal }).catch(() => undefined),
      ]);
      told.abort();
      await server.close();
      services.credentials.close();
      await databaseProbe.close();
    },
  };
}
