import { EventSourceParserStream } from 'eventsource-parser/stream';
import { WebSocket } from 'ws';
import { API_KEY } from './server-process.ts';
import { TURN_EVENTS, type TurnEvent, type TurnText } from './turn-readers.ts';

/** Somebody who says nothing for so long, not even that he is alive, is given up. */
const SILENCE_MS = 4000;
const PING_MS = 1000;
const authorization = `Bearer ${API_KEY}`;

/** Reads a turn behind what was read so far, until its end or until the connection is lost. Rejects when it is lost. */
export type ChaosDoor = (origin: string, turnId: string, read: TurnText) => Promise<void>;

export const CHAOS_DOORS: ChaosDoor[] = [overSocket, overGraphqlSse, overRest];

const REST_TYPES: Record<string, string> = { token: 'TurnTokens', complete: 'TurnCompleted', error: 'TurnFailed' };

async function overRest(origin: string, turnId: string, read: TurnText): Promise<void> {
  const headers = { authorization, ...(read.after && { 'last-event-id': read.after }) };
  await readEvents(`${origin}/turns/${turnId}/events`, { headers }, ({ id, data }) => {
    if (id === undefined) return;
    read.after = id;
    if (data === '') return;
    const { type, content } = JSON.parse(data) as { type: string; content: string };
    read.take({ __typename: REST_TYPES[type] ?? type, cursor: id, text: content });
  });
}

async function overGraphqlSse(origin: string, turnId: string, read: TurnText): Promise<void> {
  await subscribe<Result>(origin, TURN_EVENTS, { turnId, after: read.after }, new AbortController().signal, (result) =>
    take(read, result),
  );
}

/** Calls with every result of a subscription until it ends, or rejects when it is cut off or silent, or the signal is given. */
export async function subscribe<One>(
  origin: string,
  query: string,
  variables: object,
  signal: AbortSignal,
  onResult: (result: One) => void,
): Promise<void> {
  const init = {
    method: 'POST',
    headers: { authorization, accept: 'text/event-stream', 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
    signal,
  };
  await readEvents(`${origin}/graphql`, init, ({ event, data }) => {
    if (event === 'next') onResult(JSON.parse(data));
  });
}

/** Calls with every event of a stream until it ends, or rejects when it is cut off or silent. */
export async function readEvents(
  url: string,
  init: RequestInit,
  onEvent: (event: { id?: string | undefined; event?: string | undefined; data: string }) => void,
): Promise<void> {
  const leaving = new AbortController();
  const silence = setTimeout(() => leaving.abort(new Error('silence')), SILENCE_MS);
  try {
    const signal = init.signal ? AbortSignal.any([init.signal, leaving.signal]) : leaving.signal;
    const response = await fetch(url, { ...init, signal });
    // Its last event has been seen already.
    if (response.status === 204) return;
    if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
    const sounds = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        silence.refresh();
        controller.enqueue(chunk);
      },
    });
    const events = response.body
      .pipeThrough(sounds)
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream());
    for await (const event of events) onEvent(event);
  } finally {
    clearTimeout(silence);
    leaving.abort();
  }
}

function overSocket(origin: string, turnId: string, read: TurnText): Promise<void> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const silence = setTimeout(() => socket.terminate(), SILENCE_MS);
  const pings = setInterval(() => socket.readyState === WebSocket.OPEN && socket.ping(), PING_MS);
  const tell = (message: object) => socket.send(JSON.stringify(message));
  return new Promise<void>((resolve, reject) => {
    socket.on('open', () => tell({ type: 'connection_init', payload: { authorization } }));
    socket.on('pong', () => silence.refresh());
    socket.on('message', (data) => {
      silence.refresh();
      const { type, payload } = JSON.parse(String(data));
      if (type === 'connection_ack') {
        const variables = { turnId, after: read.after };
        tell({ type: 'subscribe', id: '1', payload: { query: TURN_EVENTS, variables } });
      }
      try {
        if (type === 'next') take(read, payload);
        if (type === 'error') throw new Error(JSON.stringify(payload));
      } catch (error) {
        reject(error);
      }
      if (type === 'complete') resolve();
    });
    socket.on('error', reject);
    socket.on('close', (code) => reject(new Error(`closed with ${code}`)));
  }).finally(() => {
    clearTimeout(silence);
    clearInterval(pings);
    socket.terminate();
  });
}

interface Result {
  data?: { turnEvents: TurnEvent } | null;
  errors?: unknown;
}

function take(read: TurnText, { data, errors }: Result): void {
  if (!data) throw new Error(JSON.stringify(errors));
  read.take(data.turnEvents);
}
