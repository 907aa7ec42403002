import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { Caller, TestApp } from './app.ts';

/** What a GraphQL subscription over SSE yields. */
export interface Subscription {
  /** The `data` of the next result; undefined when the subscription has ended. Fails on errors. */
  // biome-ignore lint/suspicious/noExplicitAny: results are read by tests, which know their shape
  next(): Promise<any>;
  /** Leaves it, as a client that goes away. */
  leave(): Promise<void>;
}

/** Subscribes over SSE; resolves once the server has begun to listen. */
export async function subscribe(
  { app }: TestApp,
  { credential }: Caller,
  query: string,
  variables = {},
): Promise<Subscription> {
  const response = await app.fetch(
    new Request('http://milepost.test/graphql', {
      method: 'POST',
      headers: {
        authorization: `Bearer ${credential}`,
        accept: 'text/event-stream',
        'content-type': 'application/json',
      },
      body: JSON.stringify({ query, variables }),
    }),
  );
  if (!response.body) throw new Error(`No stream: ${response.status}`);
  const events = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  return {
    async next() {
      const { value } = await events.read();
      if (!value || value.event === 'complete') return undefined;
      const { data, errors } = JSON.parse(value.data);
      if (errors) throw new Error(JSON.stringify(errors));
      return data;
    },
    leave: () => events.cancel(),
  };
}
