import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { GRAPHQL_PATH } from './graphql.ts';
import { type Refusal, refuse } from './refusal.ts';

const NO_SOCKET_HERE: Refusal = {
  status: 404,
  code: 'NOT_FOUND',
  message: `A WebSocket is to be had at ${GRAPHQL_PATH} only.`,
};
const OTHER_ORIGIN: Refusal = {
  status: 403,
  code: 'FORBIDDEN',
  message: 'Pages of this origin may not open a WebSocket here; CORS_ORIGINS lists those that may.',
};

/** Whether a request asks for a WebSocket where there is one. */
export function asksForWebSocket({ method, url = '', headers }: IncomingMessage): boolean {
  const [path] = url.split('?', 1);
  return method === 'GET' && path === GRAPHQL_PATH && headers.upgrade?.toLowerCase() === 'websocket';
}

/** Hands the upgrades of a server on, except from pages that the cross-origin rules keep out. */
export function serveUpgrades(
  server: Server,
  { corsOrigins, accept }: { corsOrigins: string[]; accept(...upgrade: [IncomingMessage, Duplex, Buffer]): void },
): void {
  server.on('upgrade', (request, socket, head) => {
    // Nobody else listens to it from now on, and an error that nobody hears ends the process.
    socket.on('error', () => socket.destroy());
    if (!asksForWebSocket(request)) refuse(socket, NO_SOCKET_HERE);
    else if (!mayConnect(request, corsOrigins)) refuse(socket, OTHER_ORIGIN);
    else accept(request, socket, head);
  });
}

/**
 * Browsers do not apply their cross-origin rules to WebSockets but tell the origin of the page. One of this very host may always
 * connect; `X-Forwarded-Host` counts because no page can set it. Who tells no origin is no browser.
 */
function mayConnect({ headers }: IncomingMessage, corsOrigins: string[]): boolean {
  const { origin, host, 'x-forwarded-host': forwarded } = headers;
  if (origin === undefined || corsOrigins.includes('*') || corsOrigins.includes(origin)) return true;
  const own = URL.parse(origin)?.host;
  return Boolean(own) && (own === host || own === forwarded);
}
