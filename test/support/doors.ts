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
  /** Resolves once the text is this. */
  untilText(text: string): Promise<void>;
  /** Resolves once there was an event of this kind. */
  untilType(type: string): Promise<void>;
  /** Resolves at the end. */
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
  const looks = new Set<() => void>();
  let ended: { error?: unknown } | null = null;
  const look = () => {
    for (const one of [...looks]) one();
  };
  const takeAll = async () => {
    for (;;) {
      const { done, value } = (await results.next()) as IteratorResult<Result>;
      if (done) return;
      if (!value.data) throw new Error(JSON.stringify(value.errors));
      read.take(value.data.turnEvents);
      look();
    }
  };
  void takeAll()
    .then(
      () => {
        ended = {};
      },
      (error) => {
        ended = { error };
      },
    )
    .then(look);
  /** Events are taken as they come; several may wait for what they make. */
  const until = (done: () => boolean) =>
    new Promise<void>((resolve, reject) => {
      const one = () => {
        if (!done() && !ended) return;
        looks.delete(one);
        if (done()) resolve();
        else reject(ended?.error ?? new Error(`It ended: ${read.types.join()}, ${JSON.stringify(read.text)}.`));
      };
      looks.add(one);
      one();
    });
  return {
    read,
    untilText: (text) => until(() => read.text === text),
    untilType: (type) => until(() => read.types.includes(type)),
    async rest() {
      await until(() => ended !== null && ended.error === undefined);
      await leave();
      return read;
    },
    leave,
  };
}
