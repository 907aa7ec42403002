import type { IncomingHttpHeaders, Server } from 'node:http';
import type { ExecutionArgs, ExecutionResult, GraphQLError } from 'graphql';
import { CloseCode, type SubscribePayload } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { isAsyncIterable } from 'graphql-yoga';
import type { Logger } from 'pino';
import { WebSocket, WebSocketServer } from 'ws';
import type { Context } from '../context.ts';
import { credentialOf } from './authentication.ts';
import { GRAPHQL_PATH, type Graphql, toGraphqlError } from './graphql.ts';
import { toDomainError } from './problem.ts';
import { SocketResults } from './socket-results.ts';

/** The registry of RFC 6455: the server restarts, or cannot serve for the moment; clients come back. */
const SERVICE_RESTART = 1012;
const TRY_AGAIN_LATER = 1013;
/** How long a client may take to answer the close. */
const CLOSE_TIMEOUT_MS = 1000;
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface WebSocketOptions {
  server: Server;
  graphql: Graphql;
  authenticate(credential: string): Promise<Context>;
  log: Logger;
  maxPayloadBytes: number;
  /** A client is pinged so often, in milliseconds; one that has not answered by the next ping is gone. */
  keepAliveMs: number;
  /** A socket with more unsent bytes than this is closed. */
  bufferBytes: number;
}

export interface WebSocketDoor {
  /** From now on readers that are let go wait for the end of their socket. */
  beginToStop(): void;
  /** Closes every socket with 1012. */
  close(): Promise<void>;
}

/** What is kept per socket. */
type Connection = Record<PropertyKey, unknown> & {
  /** Set once it has shown good credentials. */
  context?: Context;
  /** Closes it when they end. */
  expiry?: NodeJS.Timeout | undefined;
};

type PreparedArgs = ExecutionArgs & {
  execute(args: ExecutionArgs): Promise<ExecutionResult>;
  subscribe(args: ExecutionArgs): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult>;
};

/** Serves `graphql-transport-ws` on the GraphQL path. */
export function serveWebSocket(options: WebSocketOptions): WebSocketDoor {
  const { server, graphql, authenticate, log, maxPayloadBytes: maxPayload, keepAliveMs, bufferBytes } = options;
  const sockets = new WebSocketServer({
    server,
    path: GRAPHQL_PATH,
    maxPayload,
    WebSocket: boundedSocket(bufferBytes),
  });
  let stopping = false;
  const closeForNow = (socket: WebSocket) => (error: unknown) => {
    if (toGraphqlError(error, log).extensions.code !== 'UNAVAILABLE') return false;
    // While the server stops, other readers of the socket may still be told of an end; then all sockets are closed.
    if (!stopping) socket.close(TRY_AGAIN_LATER, 'The database is not reachable');
    return true;
  };
  // Reported per socket; without a listener one bad frame would end the process.
  sockets.on('error', (error) => log.warn({ err: error }, 'The WebSocket server reported an error'));
  const served = useServer<Record<string, unknown>, Connection>(
    {
      async onConnect({ connectionParams, extra }) {
        try {
          const context = await authenticate(credentialFrom(connectionParams ?? {}, extra.request.headers));
          extra.context = context;
          extra.expiry = closeAt(context.access.expiresAt, extra.socket);
          return true;
        } catch (error) {
          // Closes with 4403, as the contract has it for refused credentials.
          if (toDomainError(error)) return false;
          throw error;
        }
      },
      onDisconnect: ({ extra }) => clearTimeout(extra.expiry),
      onSubscribe: ({ extra }, _id, operation) => prepare(graphql, extra.context as Context, operation, log),
      execute: (args) => (args as PreparedArgs).execute(args),
      subscribe: (args) => (args as PreparedArgs).subscribe(args),
      onOperation: ({ extra }, _id, _payload, _args, result) =>
        isAsyncIterable<ExecutionResult>(result) ? new SocketResults(result, closeForNow(extra.socket)) : undefined,
    },
    sockets,
    keepAliveMs,
  );
  return {
    beginToStop: () => {
      stopping = true;
    },
    async close() {
      for (const socket of sockets.clients) socket.close(SERVICE_RESTART, 'The server restarts');
      const timeout = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate();
      }, CLOSE_TIMEOUT_MS);
      await served.dispose();
      clearTimeout(timeout);
    },
  };
}

/** A socket whose reader leaves too much unread is closed, not fed. */
function boundedSocket(bufferBytes: number): typeof WebSocket {
  return class extends WebSocket {
    override send(data: unknown, ...rest: unknown[]): void {
      const [sent] = rest.filter((argument) => typeof argument === 'function');
      const options = rest.filter((argument) => typeof argument !== 'function');
      // What cannot be sent is no fault of ours: the client has left, and the socket closes.
      Reflect.apply(super.send, this, [data, ...options, () => sent?.()]);
      if (this.bufferedAmount > bufferBytes) this.terminate();
    }
  };
}

/** Parses and validates through the same pipeline as HTTP. A faulty document is an answer, not a reason to close the socket. */
async function prepare(
  graphql: Graphql,
  context: Context,
  { query, operationName, variables }: SubscribePayload,
  log: Logger,
) {
  const { schema, execute, subscribe, contextFactory, parse, validate } = graphql.getEnveloped({
    context: async () => context,
  });
  try {
    const document = parse(query);
    const errors: readonly GraphQLError[] = validate(schema, document);
    if (errors.length > 0) return errors;
    const contextValue = await contextFactory();
    return {
      schema,
      document,
      operationName,
      variableValues: variables,
      contextValue,
      execute,
      subscribe,
    } as PreparedArgs;
  } catch (error) {
    return [toGraphqlError(error, log)];
  }
}

function credentialFrom(params: Record<string, unknown>, headers: IncomingHttpHeaders): string {
  const { authorization, Authorization = authorization } = params;
  const apiKey = headers['x-api-key'];
  return credentialOf({
    authorization: typeof Authorization === 'string' ? Authorization : headers.authorization,
    apiKey: typeof apiKey === 'string' ? apiKey : undefined,
  });
}

/** Closes a socket when its credentials end; the client comes back with new ones and its cursor. */
function closeAt(expiresAt: Date | null, socket: WebSocket): NodeJS.Timeout | undefined {
  if (!expiresAt) return undefined;
  const left = Math.min(expiresAt.getTime() - Date.now(), MAX_TIMER_MS);
  return setTimeout(() => socket.close(CloseCode.Forbidden, 'The access token has expired'), left);
}
