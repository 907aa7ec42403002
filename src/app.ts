import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createLocalAnnouncements } from './announcements.ts';
import type { Config } from './config.ts';
import type { Context, Services } from './context.ts';
import type { Database } from './database/client.ts';
import { createJobQueue } from './database/job-queue.ts';
import { createGraphql } from './http/graphql.ts';
import { createRoutes } from './http/rest-app.ts';
import { createHttpServer } from './http/server.ts';
import { createTransitionCursors } from './identities/transition-cursors.ts';
import { createTransitionFeed } from './identities/transition-feed.ts';
import { effectLanes } from './journeys/effects.ts';
import type { LanguageModel } from './language-model/port.ts';
import { createCursors } from './turns/cursors.ts';
import { MemoryEventLog } from './turns/memory-event-log.ts';
import { TurnRunner } from './turns/runner.ts';
import { loadTokenizer } from './turns/tokens.ts';
import { createWebhookSender } from './webhooks/sender.ts';
import { createAccessTokens } from './workspaces/access-tokens.ts';
import { authenticate } from './workspaces/operations.ts';

export interface AppOptions {
  config: Config;
  database: Database;
  model: LanguageModel;
  /** Signs access tokens and cursors. */
  secret: string;
  log: Logger;
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
export function createApp({ config, database, model, secret, log, alone = false }: AppOptions): App {
  const core: Omit<Services, 'turns'> = {
    db: database.db,
    log,
    accessTokens: createAccessTokens(secret),
    jobs: createJobQueue({ openPool: database.openPool, log, graceMs: config.shutdownGraceMs }),
    webhooks: createWebhookSender({
      allowPrivate: config.webhookAllowPrivate,
      userAgent: `Milepost/${config.version}`,
    }),
    announcements: createLocalAnnouncements(),
    transitionFeed: createTransitionFeed(),
    transitionCursors: createTransitionCursors(secret),
    eventLog: new MemoryEventLog({ maxBytes: config.eventLogBytes }),
    cursors: createCursors(secret),
  };
  const services: Services = {
    ...core,
    turns: new TurnRunner(core, { model, contextTokens: config.contextTokens, alone }),
  };
  const contextOf = async (credential: string): Promise<Context> => {
    const access = await authenticate(services, credential);
    return { ...services, workspaceId: access.workspaceId, access, requestId: randomUUID() };
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
  const graphql = createGraphql(log, streamLimits);
  const shared = { authenticate: contextOf, graphql, log, bodyLimitBytes };
  const routes = createRoutes({ ...shared, corsOrigins, streamLimits });
  const server = createHttpServer({ ...shared, routes, bufferBytes, keepAliveMs: webSocketKeepAliveMs });
  return {
    fetch: async (request) => routes.fetch(request),
    async listen() {
      await services.jobs.start(effectLanes(services));
      await services.turns.start();
      const address = await server.listen(config.port, config.host);
      loadTokenizer().catch((error) => log.error({ err: error }, 'The tokenizer could not be loaded'));
      return address;
    },
    async dispose() {
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
    },
  };
}
