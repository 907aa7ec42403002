import { signal } from '@preact/signals';
import { type Client, createClient } from 'graphql-ws';
import { type Document, textOf } from './graphql.ts';
import { type GraphqlFault, KEY_REFUSED, RequestError, toRequestError } from './request.ts';
import { apiKey, signOut } from './session.ts';

/** How the line to the server stands: `lost` until it is back, `idle` while nothing is followed. */
export const connection = signal<'idle' | 'connecting' | 'live' | 'lost'>('idle');

const PING_EVERY_MS = 10_000;
const PONG_WITHIN_MS = 5_000;
/** Pages that follow each other share one socket. */
const LINGER_MS = 2_000;
const LONGEST_WAIT_MS = 15_000;

const REFUSED = 4403;

let client: { key: string; socket: Client } | null = null;
let followers = 0;
let hurry = Promise.withResolvers<void>();

/** Tries to reconnect at once, instead of when it is next due. */
export function retryNow(): void {
  hurry.resolve();
  hurry = Promise.withResolvers();
}

addEventListener('online', retryNow);
// Otherwise a dead line would be noticed with the next ping only.
addEventListener('offline', () => client?.socket.terminate());

apiKey.subscribe(() => {
  void client?.socket.dispose();
  client = null;
  connection.value = 'idle';
});

export interface Follower<Data> {
  next(data: Data): void;
  /** Nothing more comes. */
  failed(error: RequestError): void;
}

/**
 * Follows a subscription that can be resumed: with each new connection it goes on `after` the last cursor that was told,
 * so that a break loses and doubles nothing.
 */
export function followOn<Data, Variables extends { after?: string | null }>(
  document: Document<Data, Variables>,
  variables: Omit<Variables, 'after'>,
  cursorOf: (data: Data) => string,
  { next, failed }: Follower<Data>,
): () => void {
  let last: string | null = null;
  const resumed = {
    ...variables,
    // graphql-ws writes the variables anew each time it subscribes.
    get after() {
      return last;
    },
  };
  return follow(document, resumed as unknown as Variables, {
    next(data) {
      last = cursorOf(data);
      next(data);
    },
    failed,
  });
}

/** Follows a subscription through any number of breaks, until the function it returns is called. */
export function follow<Data, Variables>(
  document: Document<Data, Variables>,
  variables: Variables,
  follower: Follower<Data>,
): () => void {
  const key = apiKey.peek();
  if (key === null) return () => {};
  followers += 1;
  const leave = socketFor(key).subscribe<Data>(
    { query: textOf(document as Document<unknown, never>), variables: variables as Record<string, unknown> },
    {
      next({ data, errors }) {
        const [fault] = (errors ?? []) as readonly GraphqlFault[];
        if (fault) follower.failed(toRequestError(fault));
        else if (data) follower.next(data);
      },
      error: (reason) => follower.failed(failureOf(reason)),
      complete: () => {},
    },
  );
  return () => {
    followers -= 1;
    leave();
  };
}

function socketFor(key: string): Client {
  if (client?.key !== key) client = { key, socket: connect(key) };
  return client.socket;
}

function connect(key: string): Client {
  let pongDue: ReturnType<typeof setTimeout> | undefined;
  const socket = createClient({
    url: `${location.origin.replace(/^http/, 'ws')}/graphql`,
    connectionParams: { authorization: `Bearer ${key}` },
    lazyCloseTimeout: LINGER_MS,
    keepAlive: PING_EVERY_MS,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: (reason) => !isRefusal(reason),
    retryWait,
    on: {
      connecting: (again) => {
        if (!again) connection.value = 'connecting';
      },
      connected: () => {
        connection.value = 'live';
      },
      ping: (received) => {
        if (!received) pongDue = setTimeout(() => socket.terminate(), PONG_WITHIN_MS);
      },
      pong: (received) => {
        if (received) clearTimeout(pongDue);
      },
      closed: (event) => {
        clearTimeout(pongDue);
        connection.value = followers > 0 ? 'lost' : 'idle';
        if (isRefusal(event) && key === apiKey.peek()) signOut(KEY_REFUSED);
      },
    },
  });
  return socket;
}

function isRefusal(event: unknown): boolean {
  return (event as { code?: unknown } | null)?.code === REFUSED;
}

/** Half a second, doubled with each attempt, with some chance in it so that not all consoles come back at once. */
async function retryWait(attempt: number): Promise<void> {
  const longest = Math.min(500 * 2 ** attempt, LONGEST_WAIT_MS);
  const due = Promise.withResolvers<void>();
  const timer = setTimeout(due.resolve, longest * (0.5 + Math.random() / 2));
  await Promise.race([due.promise, hurry.promise]);
  clearTimeout(timer);
}

function failureOf(reason: unknown): RequestError {
  const fault = Array.isArray(reason) ? (reason[0] as GraphqlFault | undefined) : undefined;
  if (fault) return toRequestError(fault);
  return new RequestError('UNREACHABLE', 'The live connection ended, and the server does not want it back.');
}
