import { once } from 'node:events';
import { openRawSocket, subscribeRaw } from './raw-readers.ts';

const EVENTS = 'subscription ($id: ID!) { conversationEvents(conversationId: $id) { cursor } }';

export interface OpenConnections {
  /** How each ends: the socket with its code and reason, a stream by an end or by being cut off. */
  ends: Promise<{ socket: string; rest: string; graphql: string }>;
  close(): Promise<void>;
}

/** Opens, with these credentials, everything that stays open: a WebSocket, a stream of REST and one of GraphQL. The turn must be running. */
export async function openConnections(
  origin: string,
  credential: string,
  { turnId, conversationId }: { turnId: string; conversationId: string },
): Promise<OpenConnections> {
  const leaving = new AbortController();
  const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' };
  const socket = await openRawSocket(origin, credential);
  const closed = once(socket, 'close').then(([code, reason]) => `${code} ${reason}`);
  await subscribeRaw(socket, ['1'], EVENTS, { id: conversationId });
  const { signal } = leaving;
  const streams = await Promise.all([
    fetch(`${origin}/turns/${turnId}/events`, { headers, signal }),
    fetch(`${origin}/graphql`, {
      method: 'POST',
      headers: { ...headers, accept: 'text/event-stream' },
      body: JSON.stringify({ query: EVENTS, variables: { id: conversationId } }),
      signal,
    }),
  ]);
  const [rest, graphql] = streams.map(endOf);
  return {
    ends: Promise.all([closed, rest, graphql]).then(([socket, rest = '', graphql = '']) => ({ socket, rest, graphql })),
    async close() {
      leaving.abort();
      socket.terminate();
      await closed;
    },
  };
}

async function endOf(response: Response): Promise<string> {
  if (response.status !== 200) throw new Error(`No stream: ${response.status} ${await response.text()}`);
  return response.text().then(
    () => 'ended',
    () => 'cut off',
  );
}
