import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { BlockReader } from './event-stream.ts';
import { API_KEY } from './server-process.ts';
import { TURN_EVENTS, type TurnEvent, type TurnText } from './turn-readers.ts';

/** Somebody who reads a turn through one of the doors. */
export interface DoorReader {
  /** What it makes of what it was told; to go on from another reader's. */
  readonly read: TurnText;
  /** Takes events until the text is this. */
  untilText(text: string): Promise<void>;
  /** Takes events up to the end. */
  rest(): Promise<TurnText>;
  leave(): Promise<void>;
}

/** Follows a turn at a server behind what was read elsewhere. */
export type Door = (origin: string, turnId: string, read: TurnText) => DoorReader;

const authorization = `Bearer ${API_KEY}`;

export const DOORS: Record<'GraphQL over WebSocket' | 'GraphQL over SSE' | 'REST', Door> = {
  'GraphQL over WebSocket': (origin, turnId, read) => {
    const client = createSocketClient({
      url: `${origin.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization },
      retryAttempts: 0,
    });
    const results = client.iterate<{ turnEvents: TurnEvent }>({
      query: TURN_EVENTS,
      variables: { turnId, after: read.after },
    });
    return toReader(read, results, async () => client.dispose());
  },
  'GraphQL over SSE': (origin, turnId, read) => {
    const client = createSseClient({ url: `${origin}/graphql`, headers: { authorization }, retryAttempts: 0 });
    const results = client.iterate<{ turnEvents: TurnEvent }>({
      query: TURN_EVENTS,
      variables: { turnId, after: read.after },
    });
    return toReader(read, results, async () => client.dispose());
  },
  REST: (origin, turnId, read) => {
    const leaving = new AbortController();
    const headers = { authorization, ...(read.after && { 'last-event-id': read.after }) };
    const response = fetch(`${origin}/turns/${turnId}/events`, { headers, signal: leaving.signal });
    return toReader(read, blocksOf(response), async () => leaving.abort());
  },
};

type Result = { data?: { turnEvents: TurnEvent } | null; errors?: readonly unknown[] };

const TYPES: Record<string, string> = { token: 'TurnTokens', complete: 'TurnCompleted', error: 'TurnFailed' };

/** The blocks of the older API in the words of GraphQL. */
async function* blocksOf(response: Promise<Response>): AsyncGenerator<Result> {
  const blocks = new BlockReader(await response);
  for (let block = await blocks.next(); block !== null; block = await blocks.next()) {
    if (!block.data || !block.id) continue;
    const { type, content } = block.data;
    yield { data: { turnEvents: { __typename: TYPES[type] ?? type, cursor: block.id, text: content } } };
  }
}

function toReader(read: TurnText, results: AsyncIterator<unknown>, leave: () => Promise<void>): DoorReader {
  const next = async (): Promise<boolean> => {
    const { done, value } = (await results.next()) as IteratorResult<Result>;
    if (done) return false;
    if (!value.data) throw new Error(JSON.stringify(value.errors));
    read.take(value.data.turnEvents);
    return true;
  };
  return {
    read,
    async untilText(text) {
      while (read.text !== text) if (!(await next())) throw new Error(`It ended with ${JSON.stringify(read.text)}.`);
    },
    async rest() {
      while (await next());
      await leave();
      return read;
    },
    leave,
  };
}
