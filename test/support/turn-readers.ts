import { setTimeout as pause } from 'node:timers/promises';
import { EventSource } from 'eventsource';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { TestApp } from './app.ts';
import { type Subscription, subscribe } from './subscription.ts';

export const TURN_EVENTS = `subscription ($turnId: ID!, $after: String) {
  turnEvents(turnId: $turnId, after: $after) {
    __typename cursor turnId
    ... on TurnTokens { text }
    ... on StreamGap { text }
    ... on TurnFailed { code }
  }
}`;

/** What a client makes of the events of a turn. */
export class TurnText {
  text = '';
  /** The cursor of the last event. */
  after: string | null;
  readonly types: string[] = [];

  constructor(after: string | null = null) {
    this.after = after;
  }

  take({ __typename: type, cursor, text }: TurnEvent): void {
    this.types.push(type);
    this.after = cursor;
    if (type === 'TurnStarted') this.text = '';
    if (type === 'TurnTokens') this.text += text;
    if (type === 'StreamGap') this.text = text ?? '';
  }
}

/** Takes everything a subscription to a turn still tells. */
export async function readToEnd(events: Subscription, reader: TurnText): Promise<TurnText> {
  for (let event = await events.next(); event !== undefined; event = await events.next()) reader.take(event.turnEvents);
  return reader;
}

/** Follows a turn over SSE to its end: all that is told of it, or what is behind a cursor. */
export async function readTurn(app: TestApp, variables: { turnId: string; after?: string }): Promise<TurnText> {
  return readToEnd(await subscribe(app, app, TURN_EVENTS, variables), new TurnText());
}

export interface TurnEvent {
  __typename: string;
  cursor: string;
  text?: string;
}

export interface ReaderOptions {
  origin: string;
  credential: string;
  turnId: string;
  after?: string | null;
  /** How long it waits before it comes back, in milliseconds. */
  retryMs?: number;
  onEvent?(text: TurnText): void;
}

/** The operation of a client that comes back: it is sent again with the cursor it has come to. */
function resumable(turnId: string, reader: TurnText) {
  const variables = {
    turnId,
    get after() {
      return reader.after;
    },
  };
  return { query: TURN_EVENTS, variables };
}

type Result = { data?: { turnEvents: TurnEvent } | null; errors?: readonly unknown[] };

interface SubscribingClient {
  subscribe(
    operation: ReturnType<typeof resumable>,
    sink: { next(result: Result): void; error(error: unknown): void; complete(): void },
  ): () => void;
}

function readWith(client: SubscribingClient, { turnId, after = null, onEvent }: ReaderOptions): Promise<TurnText> {
  const reader = new TurnText(after);
  return new Promise((resolve, reject) => {
    client.subscribe(resumable(turnId, reader), {
      next: ({ data, errors }) => {
        if (!data) return reject(new Error(JSON.stringify(errors)));
        reader.take(data.turnEvents);
        onEvent?.(reader);
      },
      error: (error) => reject(error instanceof Error ? error : new Error(JSON.stringify(error))),
      complete: () => resolve(reader),
    });
  });
}

/** Reads a turn to its end over WebSocket with graphql-ws, which comes back by itself. */
export async function readBySocket(options: ReaderOptions): Promise<TurnText> {
  const client = createSocketClient({
    url: `${options.origin.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${options.credential}` },
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: () => pause(options.retryMs ?? 0),
    shouldRetry: () => true,
  });
  try {
    return await readWith(client as unknown as SubscribingClient, options);
  } finally {
    await client.dispose();
  }
}

/** Reads a turn to its end over SSE with graphql-sse, which comes back by itself. */
export async function readBySse(options: ReaderOptions): Promise<TurnText> {
  const client = createSseClient({
    url: `${options.origin}/graphql`,
    headers: { authorization: `Bearer ${options.credential}` },
    retryAttempts: Number.POSITIVE_INFINITY,
    retry: () => pause(options.retryMs ?? 0),
  });
  try {
    return await readWith(client as unknown as SubscribingClient, options);
  } finally {
    client.dispose();
  }
}

export interface RestReply {
  /** All tokens. */
  text: string;
  /** What the last event said: the whole reply, or the error. */
  last: { type: string; content: string };
  /** The status that made the `EventSource` stop coming back. */
  stoppedBy: number | undefined;
}

export interface EventSourceOptions {
  /** How long it waits before it comes back, in milliseconds. */
  retryMs?: number;
  onText?(text: string): void;
}

/** Reads a reply with an `EventSource` that is left open until the server stops it from coming back. */
export function readByEventSource(
  url: string,
  credential: string,
  { retryMs = 1, onText = () => {} }: EventSourceOptions = {},
): Promise<RestReply> {
  const authorization = `Bearer ${credential}`;
  const source = new EventSource(url, {
    fetch: async (input, init) =>
      impatient(await fetch(input, { ...init, headers: { ...init.headers, authorization } } as RequestInit), retryMs),
  });
  const reply: RestReply = { text: '', last: { type: '', content: '' }, stoppedBy: undefined };
  return new Promise((resolve) => {
    source.addEventListener('message', ({ data }) => {
      const { type, content } = JSON.parse(data);
      if (type === 'token') reply.text += content;
      else reply.last = { type, content };
      onText(reply.text);
    });
    source.addEventListener('error', ({ code }) => {
      if (source.readyState === source.CLOSED) resolve({ ...reply, stoppedBy: code });
    });
  });
}

/** An `EventSource` waits three seconds before it comes back, unless it is told otherwise. */
function impatient(response: Response, retryMs: number): Response {
  if (!response.ok || !response.body || response.status === 204) return response;
  const { readable, writable } = new TransformStream();
  const writer = writable.getWriter();
  void writer.write(new TextEncoder().encode(`retry: ${retryMs}\n`)).catch(() => {});
  writer.releaseLock();
  void response.body.pipeTo(writable).catch(() => {});
  const { status, headers } = response;
  const { url, redirected } = response;
  return Object.defineProperties(new Response(readable, { status, headers }), {
    url: { value: url },
    redirected: { value: redirected },
  });
}
