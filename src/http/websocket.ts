import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ExecutionArgs, type ExecutionResult, GraphQLError, getOperationAST } from 'graphql';
import { CloseCode, handleProtocols, makeServer, type SubscribePayload } from 'graphql-ws';
import { isAsyncIterable } from 'graphql-yoga';
import type { Logger } from 'pino';
import { WebSocket, WebSocketServer } from 'ws';
import type { Context } from '../context.ts';
import { LimitExceededError, UnavailableError } from '../errors.ts';
import { inScope } from '../telemetry/scope.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { credentialOf, refuseApiKeyIn } from './authentication.ts';
import { type Graphql, toGraphqlError } from './graphql.ts';
import { statusOf, toDomainError } from './problem.ts';
import { serveProtocol } from './protocol-socket.ts';
import { MALFORMED, refuse } from './refusal.ts';
import { IdleSockets, takeOperation } from './socket-limits.ts';
import { type OperationRecord, SocketRecord } from './socket-record.ts';
import { SocketResults } from './socket-results.ts';

/** The registry of RFC 6455: the server restarts, or cannot serve for the moment; clients come back. */
const SERVICE_RESTART = 1012;
const TRY_AGAIN_LATER = 1013;
const NO_HANDSHAKE = {
  ...MALFORMED,
  message: 'This is no opening handshake of a WebSocket (RFC 6455).',
  headers: ['Sec-WebSocket-Version: 13'],
};
/** A close frame has no room for more; our messages have one byte per character. */
const MAX_REASON_LENGTH = 123;
/** How long a client may take to answer the close. */
const CLOSE_TIMEOUT_MS = 1000;

export interface WebSocketOptions {
  graphql: Graphql;
  authenticate(credential: string): Promise<Context>;
  log: Logger;
  telemetry: Telemetry;
  maxPayloadBytes: number;
  /** A socket on which nothing is going on is closed after so long. */
  socketIdleMs: number;
  /** A client is pinged so often, in milliseconds; one that has not answered by the next ping is gone. */
  keepAliveMs: number;
  /** A socket with more unsent bytes than this is closed. */
  bufferBytes: number;
}

export interface WebSocketDoor {
  /** Takes over a connection whose request asked for it. */
  accept(request: IncomingMessage, connection: Duplex, head: Buffer): void;
  /** From now on readers that are let go wait for the end of their socket. */
  beginToStop(): void;
  /** Closes every socket with 1012. */
  close(): Promise<void>;
  /** How many are open. */
  count(): number;
}

/** What is kept per socket. */
interface Connection {
  socket: WebSocket;
  request: IncomingMessage;
  record: SocketRecord;
  /** When something was last seen to go on. */
  activeAt: number;
  /** Set once it has shown good credentials. */
  context?: Context;
  /** It is not closed any more when they end. */
  release?: () => void;
}

type PreparedArgs = ExecutionArgs & {
  record: OperationRecord;
  execute(args: ExecutionArgs): Promise<ExecutionResult>;
  subscribe(args: ExecutionArgs): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult>;
};

/** Serves `graphql-transport-ws` on the GraphQL path. */
export function serveWebSocket(options: WebSocketOptions): WebSocketDoor {
  const { graphql, authenticate, log, telemetry, socketIdleMs, keepAliveMs, bufferBytes } = options;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: options.maxPayloadBytes,
    handleProtocols,
  });
  sockets.on('wsClientError', (_error, connection) => refuse(connection, NO_HANDSHAKE));
  sockets.on('headers', (lines, request) => lines.push(`X-Request-Id: ${request.headers['x-request-id']}`));
  const idle = new IdleSockets(socketIdleMs);
  let stopping = false;
  const closeForNow = (socket: WebSocket) => (error: unknown) => {
    if (toGraphqlError(error, log).extensions.code !== 'UNAVAILABLE') return false;
    // While the server stops, other readers of the socket may still be told of an end; then all sockets are closed.
    if (!stopping) socket.close(TRY_AGAIN_LATER, 'The database is not reachable');
    return true;
  };
  const protocol = makeServer<Record<string, unknown>, Connection>({
    async onConnect(socket) {
      const { connectionParams, extra } = socket;
      try {
        const credential = credentialFrom(connectionParams ?? {}, extra.request);
        const context = await inScope({ requestId: extra.record.requestId }, () => authenticate(credential));
        // Whoever has left meanwhile is not let go of again.
        if (extra.socket.readyState !== WebSocket.OPEN) return false;
        extra.release = context.credentials.holdOpen(context.access, ({ message }) =>
          extra.socket.close(CloseCode.Forbidden, message),
        );
        extra.context = context;
        idle.watch(socket);
        return true;
      } catch (error) {
        const known = toDomainError(error);
        if (!known) throw error;
        if (known instanceof UnavailableError) extra.socket.close(TRY_AGAIN_LATER, 'The database is not reachable');
        else {
          const code = known instanceof LimitExceededError ? TRY_AGAIN_LATER : CloseCode.Forbidden;
          extra.socket.close(code, known.message.slice(0, MAX_REASON_LENGTH));
        }
        return false;
      }
    },
    onClose: (socket, code) => {
      const { extra } = socket;
      idle.forget(socket);
      extra.release?.();
      extra.record.closed(code);
    },
    onSubscribe: ({ extra, subscriptions }, _id, operation) => {
      const context = extra.context as Context;
      extra.activeAt = Date.now();
      const record = extra.record.begin(operation, context.workspaceId);
      return inScope(record.scope, () => prepare(graphql, context, operation, subscriptions, record, log));
    },
    execute: (args) => (args as PreparedArgs).execute(args),
    subscribe: (args) => (args as PreparedArgs).subscribe(args),
    onOperation: ({ extra }, _id, _payload, args, result) => {
      if (!isAsyncIterable<ExecutionResult>(result)) {
        const { errors, ...rest } = result as ExecutionResult;
        // Answered with an error, a subscription would have ended for good on a socket that stays open.
        if (getOperationAST(args.document, args.operationName)?.operation === 'subscription')
          errors?.some(closeForNow(extra.socket));
        return errors && { ...rest, errors: errors.map(asMessage) };
      }
      const { record } = args as PreparedArgs;
      return new SocketResults(result, { unavailable: closeForNow(extra.socket), ended: () => record.end(200) });
    },
  });
  return {
    accept: (request, connection, head) => {
      const record = new SocketRecord(request, { log, telemetry });
      // What is answered with the handshake.
      request.headers['x-request-id'] = record.requestId;
      sockets.handleUpgrade(request, connection, head, (socket) =>
        serveProtocol(protocol, socket, {
          extra: { socket, request, record, activeAt: Date.now() },
          log,
          keepAliveMs,
          bufferBytes,
        }),
      );
    },
    beginToStop: () => {
      stopping = true;
    },
    count: () => sockets.clients.size,
    async close() {
      for (const socket of sockets.clients) socket.close(SERVICE_RESTART, 'The server restarts');
      const timeout = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate();
      }, CLOSE_TIMEOUT_MS);
      await new Promise((resolve) => sockets.close(resolve));
      idle.close();
      clearTimeout(timeout);
    },
  };
}

/** Parses and validates through the same pipeline as HTTP. A faulty document is an answer, not a reason to close the socket. */
async function prepare(
  graphql: Graphql,
  context: Context,
  payload: SubscribePayload,
  subscriptions: Record<string, unknown>,
  record: OperationRecord,
  log: Logger,
) {
  const { schema, execute, subscribe, contextFactory, parse, validate } = graphql.getEnveloped({
    context: async () => ({ ...context, requestId: record.scope.requestId }),
  });
  try {
    await takeOperation(context, context.limits, subscriptions);
    const { operationName, variables } = payload;
    const document = parse(graphql.documentOf(payload) ?? '');
    const errors: readonly GraphQLError[] = validate(schema, document);
    if (errors.length > 0) {
      record.end(400);
      return errors.map(asMessage);
    }
    record.executes(document, operationName);
    const contextValue = await contextFactory();
    return {
      schema,
      document,
      operationName,
      variableValues: variables,
      contextValue,
      record,
      execute: record.around(execute),
      subscribe: record.around(subscribe),
    } as PreparedArgs;
  } catch (error) {
    record.end(error instanceof GraphQLError ? 400 : statusOf(error));
    return [asMessage(toGraphqlError(error, log))];
  }
}

/** An error without what it says to HTTP. */
function asMessage(error: GraphQLError): GraphQLError {
  const { http, ...extensions } = error.extensions;
  if (!http) return error;
  const { message, nodes, source, positions, path } = error;
  return new GraphQLError(message, { nodes, source, positions, path, extensions });
}

function credentialFrom(params: Record<string, unknown>, { url = '', headers }: IncomingMessage): string {
  refuseApiKeyIn(url);
  const { authorization, Authorization = authorization } = params;
  const apiKey = headers['x-api-key'];
  return credentialOf({
    authorization: typeof Authorization === 'string' ? Authorization : headers.authorization,
    apiKey: typeof apiKey === 'string' ? apiKey : undefined,
  });
}
