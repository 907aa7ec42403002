import type { IncomingHttpHeaders, Server } from 'node:http';
import type { ExecutionArgs, ExecutionResult, GraphQLError } from 'graphql';
import { CloseCode, type SubscribePayload } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import type { Logger } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Context } from '../context.ts';
import { credentialOf } from './authentication.ts';
import { GRAPHQL_PATH, type Graphql, toGraphqlError } from './graphql.ts';
import { toDomainError } from './problem.ts';

/** A client that does not answer a ping within this time is gone. */
const KEEP_ALIVE_MS = 12_000;
/** RFC 6455: the server restarts; clients come back. */
const SERVICE_RESTART = 1012;
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface WebSocketOptions {
  server: Server;
  graphql: Graphql;
  authenticate(credential: string): Promise<Context>;
  log: Logger;
  maxPayloadBytes: number;
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

/** Serves `graphql-transport-ws` on the GraphQL path. Returns what closes every socket with 1012. */
export function serveWebSocket({ server, graphql, authenticate, log, maxPayloadBytes }: WebSocketOptions): () => Promise<void> {
  const sockets = new WebSocketServer({ server, path: GRAPHQL_PATH, maxPayload: maxPayloadBytes });
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
    },
    sockets,
    KEEP_ALIVE_MS,
  );
  return async () => {
    for (const socket of sockets.clients) socket.close(SERVICE_RESTART, 'The server restarts');
    await served.dispose();
  };
}

/** Parses and validates through the same pipeline as HTTP. A faulty document is an answer, not a reason to close the socket. */
async function prepare(graphql: Graphql, context: Context, { query, operationName, variables }: SubscribePayload, log: Logger) {
  const { schema, execute, subscribe, contextFactory, parse, validate } = graphql.getEnveloped({ context: async () => context });
  try {
    const document = parse(query);
    const errors: readonly GraphQLError[] = validate(schema, document);
    if (errors.length > 0) return errors;
    const contextValue = await contextFactory();
    return { schema, document, operationName, variableValues: variables, contextValue, execute, subscribe } as PreparedArgs;
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
