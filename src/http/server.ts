import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Logger } from 'pino';
import type { Context } from '../context.ts';
import type { Graphql } from './graphql.ts';
import type { RestApi } from './rest.ts';
import { serveWebSocket } from './websocket.ts';

export interface HttpServerOptions {
  routes: RestApi;
  graphql: Graphql;
  authenticate(credential: string): Promise<Context>;
  log: Logger;
  bodyLimitBytes: number;
  /** How often WebSockets are pinged, in milliseconds. */
  keepAliveMs: number;
  /** A WebSocket with more unsent bytes than this is closed. */
  bufferBytes: number;
}

/** Connections that are silent for so long are probed by the system, which finds peers that vanished without a word. */
const PROBE_AFTER_MS = 30_000;

export interface HttpServer {
  /** Binds the port; 0 picks a free one. Resolves with the address it got. */
  listen(port: number, host: string): Promise<AddressInfo>;
  /** Takes no new connections and requests. */
  stopAccepting(): void;
  /** Closes what is still open. */
  close(): Promise<void>;
}

/** Longer than proxies keep theirs: a connection is closed by the side that knows that nothing is on its way. */
const IDLE_CONNECTION_MS = 75_000;

/** HTTP and WebSocket on one port. */
export function createHttpServer({ routes, bodyLimitBytes, ...shared }: HttpServerOptions): HttpServer {
  const listener = getRequestListener(routes.fetch, { overrideGlobalObjects: false });
  const server = createServer(
    { keepAlive: true, keepAliveInitialDelay: PROBE_AFTER_MS, keepAliveTimeout: IDLE_CONNECTION_MS },
    listener,
  );
  const sockets = serveWebSocket({ ...shared, server, maxPayloadBytes: bodyLimitBytes });
  let closed: Promise<void> | undefined;
  const stopAccepting = () => {
    sockets.beginToStop();
    closed ??= server.listening ? new Promise((resolve) => server.close(() => resolve())) : Promise.resolve();
  };
  return {
    listen: (port, host) => listen(server, port, host),
    stopAccepting,
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

function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}
