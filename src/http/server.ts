import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener, RequestError } from '@hono/node-server';
import type { Logger } from 'pino';
import type { Context } from '../context.ts';
import { InvalidInputError } from '../errors.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { type ConnectionLimits, createGuardedServer } from './connections.ts';
import type { Graphql } from './graphql.ts';
import { problemResponse } from './problem.ts';
import type { RestApi } from './rest.ts';
import { asksForWebSocket, serveUpgrades } from './upgrades.ts';
import { serveWebSocket } from './websocket.ts';

export interface HttpServerOptions {
  routes: RestApi;
  graphql: Graphql;
  authenticate(credential: string): Promise<Context>;
  log: Logger;
  telemetry: Telemetry;
  corsOrigins: string[];
  bodyLimitBytes: number;
  connectionLimits: ConnectionLimits;
  /** How often WebSockets are pinged, in milliseconds. */
  keepAliveMs: number;
  /** A WebSocket with more unsent bytes than this is closed. */
  bufferBytes: number;
  /** A WebSocket on which nothing is going on is closed after so long, in milliseconds. */
  socketIdleMs: number;
}

export interface HttpServer {
  /** Binds the port; 0 picks a free one. Resolves with the address it got. */
  listen(port: number, host: string): Promise<AddressInfo>;
  /** Takes no new connections and requests. */
  stopAccepting(): void;
  /** Closes what is still open. */
  close(): Promise<void>;
  /** How many WebSockets are open. */
  countSockets(): number;
}

/** HTTP and WebSocket on one port. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { routes, corsOrigins, bodyLimitBytes, connectionLimits, ...shared } = options;
  const errorHandler = (error: unknown) => answerUnseen(error, shared.log);
  const listener = getRequestListener(routes.fetch, {
    overrideGlobalObjects: false,
    errorHandler,
    hostname: 'localhost',
  });
  const server = createGuardedServer(connectionLimits, { log: shared.log, listener, upgrades: asksForWebSocket });
  const sockets = serveWebSocket({ ...shared, maxPayloadBytes: bodyLimitBytes });
  serveUpgrades(server, { corsOrigins, accept: sockets.accept });
  let closed: Promise<void> | undefined;
  const stopAccepting = () => {
    sockets.beginToStop();
    closed ??= server.listening ? new Promise((resolve) => server.close(() => resolve())) : Promise.resolve();
  };
  return {
    listen: (port, host) => listen(server, port, host),
    stopAccepting,
    countSockets: sockets.count,
    async close() {
      stopAccepting();
      await sockets.close();
      server.closeIdleConnections();
      // Streams have ended and answers are written by now; what is left belongs to clients that do not read.
      setTimeout(() => server.closeAllConnections(), 500).unref();
      await closed;
    },
  };
}

/** No route has seen the request, because its target or its host is none; or a route failed even to fail. */
function answerUnseen(error: unknown, log: Logger): Response {
  if (error instanceof RequestError)
    return problemResponse(new InvalidInputError([{ path: '', message: 'The address of the request is not valid.' }]));
  log.error({ err: error }, 'A request failed outside of all routes');
  return problemResponse(error);
}

function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}
