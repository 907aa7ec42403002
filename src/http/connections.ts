import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { DomainError } from '../errors.ts';
import { problemBody } from './problem.ts';
import { faultOf, MALFORMED, type Refusal, refuse } from './refusal.ts';
import { secure } from './security-headers.ts';

/** How long and how far a client is waited for before it has asked anything; none of it ends an answer that streams. */
export interface ConnectionLimits {
  /** The header of a request has to be there after so long, in milliseconds. */
  headersTimeoutMs: number;
  /** A whole request has to be there after so long, in milliseconds. */
  requestTimeoutMs: number;
  /** A client that takes nothing of its answer for so long, in milliseconds, is let go. */
  stallTimeoutMs: number;
  /** A connection beyond these is closed at once; WebSockets count too. */
  maxConnections: number;
}

/** Connections that are silent for so long are probed by the system, which finds peers that vanished without a word. */
const PROBE_AFTER_MS = 30_000;
/** Longer than proxies keep theirs: a connection is closed by the side that knows that nothing is on its way. */
const IDLE_CONNECTION_MS = 75_000;
const MAX_HEADER_BYTES = 16_384;
/** How late a timeout may be noticed, in milliseconds. */
const CHECK_INTERVAL_MS = 5000;
const UNKNOWN_EXPECTATION: Refusal = {
  status: 417,
  code: 'EXPECTATION_FAILED',
  message: 'The only expectation that can be met is 100-continue.',
};

/** A server that passes whole, unambiguous requests to the listener and has its patience with everything else. */
export function createGuardedServer(
  limits: ConnectionLimits,
  { log, listener, upgrades }: { log: Logger; listener: RequestListener; upgrades(request: IncomingMessage): boolean },
): Server {
  const { requestTimeoutMs, stallTimeoutMs, maxConnections } = limits;
  const headersTimeoutMs = Math.min(limits.headersTimeoutMs, requestTimeoutMs);
  const answers = new WeakMap<Socket, ServerResponse>();
  const server = createServer(
    {
      keepAlive: true,
      keepAliveInitialDelay: PROBE_AFTER_MS,
      keepAliveTimeout: IDLE_CONNECTION_MS,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(headersTimeoutMs, CHECK_INTERVAL_MS),
      maxHeaderSize: MAX_HEADER_BYTES,
      // Looked at below, together with a second one.
      requireHostHeader: false,
      // Whoever offers another protocol, such as h2c, is answered in this one.
      shouldUpgradeCallback: upgrades,
    },
    (incoming, outgoing) => {
      answers.set(incoming.socket, outgoing);
      secure(outgoing);
      if (namesOneHost(incoming)) listener(incoming, outgoing);
      else answer(outgoing, MALFORMED);
    },
  );
  server.maxConnections = maxConnections;
  server.on('drop', warnNowAndThen(log, maxConnections));
  server.on('checkExpectation', (_incoming, outgoing) => {
    secure(outgoing);
    answer(outgoing, UNKNOWN_EXPECTATION);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (socket.writable && isFree(answers.get(socket), socket)) refuse(socket, faultOf(error));
    else socket.destroy();
  });
  server.setTimeout(stallTimeoutMs, (socket: Socket) => {
    const current = answers.get(socket);
    // Silence is no fault of a client that waits for its answer; leaving one unread is.
    if (current && (current.writableFinished || socket.writableLength > 0)) socket.destroy();
  });
  return server;
}

/**
 * One server in front of another may go by the first of two hosts where that one goes by the second (RFC 9112, 3.2). Only
 * HTTP/1.0, which load balancers ask for their health checks in, may name none.
 */
function namesOneHost({ rawHeaders, httpVersion }: IncomingMessage): boolean {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts === 1 || (hosts === 0 && httpVersion === '1.0');
}

/** Whether an answer can still be begun on a connection. */
function isFree(current: ServerResponse | undefined, socket: Socket): boolean {
  return !current || current.writableFinished || (current.socket === socket && !current.headersSent);
}

function answer(outgoing: ServerResponse, { status, code, message }: Refusal): void {
  const headers = { 'Content-Type': 'application/problem+json', Connection: 'close' };
  outgoing.writeHead(status, headers).end(JSON.stringify(problemBody(new DomainError(code, message), status)));
}

/** At most one warning a minute: whoever opens too many connections would otherwise fill the log too. */
function warnNowAndThen(log: Logger, maxConnections: number): () => void {
  let warnedAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (Date.now() - warnedAt < 60_000) return;
    warnedAt = Date.now();
    log.warn({ maxConnections }, 'A connection was closed because there are too many; MAX_CONNECTIONS allows more');
  };
}
