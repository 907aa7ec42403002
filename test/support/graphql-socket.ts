import type { Client as SseClient } from 'graphql-sse';
import { type Client, type ClientOptions, createClient, type SubscribePayload } from 'graphql-ws';
import { type ClientOptions as SocketOptions, WebSocket } from 'ws';
import type { TestApp } from './app.ts';
import { type Following, RefusedError } from './turn-events.ts';

export interface GraphqlSocket {
  follow(document: string, variables?: Record<string, unknown>): Following;
  /** Runs a query or mutation; returns the whole result. */
  // biome-ignore lint/suspicious/noExplicitAny: results are read by tests, which know their shape
  execute(document: string, variables?: Record<string, unknown>): Promise<any>;
  /** The same for whatever an operation may consist of. */
  // biome-ignore lint/suspicious/noExplicitAny: results are read by tests, which know their shape
  executeAll(payload: SubscribePayload): Promise<any>;
  /** The code and reason of the close, once it has come. */
  closed: Promise<{ code: number; reason: string }>;
  /** Whether it is still open. */
  isOpen(): boolean;
  dispose(): Promise<void>;
}

export interface SocketCredentials {
  params?: Record<string, unknown>;
  headers?: Record<string, string>;
}

/** Opens a socket with the client of graphql-ws; resolves once the server has let it in, rejects with the close. */
export async function openSocket(app: TestApp, credentials: SocketCredentials): Promise<GraphqlSocket> {
  const { params = {}, headers = {} } = credentials;
  const acknowledged = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<{ code: number; reason: string }>();
  let open = false;
  const client = createClient({
    url: `${(await app.origin()).replace('http', 'ws')}/graphql`,
    webSocketImpl: withHeaders(headers),
    connectionParams: params,
    lazy: false,
    retryAttempts: 0,
    onNonLazyError: () => {},
    on: {
      connected: () => {
        open = true;
        acknowledged.resolve();
      },
      closed: (event) => {
        open = false;
        const { code, reason } = event as { code: number; reason: string };
        closed.resolve({ code, reason });
        acknowledged.reject(Object.assign(new Error(reason), { code }));
      },
    },
  } satisfies ClientOptions);
  await acknowledged.promise;
  return {
    follow: (query, variables = {}) => followingOf(client, query, variables),
    execute: async (query, variables = {}) => (await client.iterate({ query, variables }).next()).value,
    executeAll: async (payload) => (await client.iterate(payload).next()).value,
    closed: closed.promise,
    isOpen: () => open,
    dispose: async () => {
      await client.dispose();
    },
  };
}

/** The events of a subscription, by whichever of the clients. */
export function followingOf(
  client: Pick<Client | SseClient, 'iterate'>,
  query: string,
  variables: Record<string, unknown>,
): Following {
  const results = client.iterate<{ event: unknown }>({ query, variables });
  return {
    async next() {
      const { done, value } = await results.next();
      if (done) return undefined;
      if (value.errors) throw new RefusedError(value.errors);
      return value.data?.event;
    },
    async leave() {
      await results.return?.();
    },
  };
}

/** The headers of the upgrade, which browsers cannot set. */
function withHeaders(headers: Record<string, string>): unknown {
  return class extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[], options?: SocketOptions) {
      super(address, protocols, { ...options, headers });
    }
  };
}
