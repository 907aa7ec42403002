import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startCuttingLine } from '../support/cutting-line.ts';
import { type Processes, startProcesses } from '../support/processes.ts';
import { NO_NGINX, type RunningProxy, startProxy } from '../support/proxy.ts';
import { NO_REDIS_URL } from '../support/redis.ts';
import { hold, reply } from '../support/scripted-model.ts';
import { API_KEY, peopleAt, queryAt, sendAt, startServer } from '../support/server-process.ts';
import { TURN_EVENTS } from '../support/turn-readers.ts';

const SUITE = 'the proxy of the deployment, in front of two processes';
const MISSING = NO_NGINX ?? NO_REDIS_URL;
const bearer = { authorization: `Bearer ${API_KEY}` };

describe.skipIf(MISSING)(MISSING ? `${SUITE}: ${MISSING}` : SUITE, () => {
  let processes: Processes;
  let proxy: RunningProxy;
  let people: string[];

  beforeAll(async () => {
    processes = await startProcesses(2, { environment: { LOG_LEVEL: 'info' } });
    const [one, other] = processes.servers.map(({ origin }) => origin) as [string, string];
    proxy = await startProxy(one, other);
    people = await peopleAt(proxy.origin, 30);
  }, 60_000);
  afterAll(async () => {
    await proxy?.stop();
    await processes?.close();
  });

  const someone = () => people.pop() as string;
  const streamUrl = (message: string, person = someone()) =>
    `${proxy.origin}/conversation/${person}/streaming?${new URLSearchParams({ channel_id: 'web', message })}`;
  /** A reply that waits after its first token. */
  const heldReply = (message: string) => {
    const place = hold();
    processes.model.when(message, reply.text('One ', place, 'two'));
    return place;
  };

  /** What has come of a response so far. */
  function textOf(response: Response) {
    let text = '';
    const ended = (async () => {
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk;
      return text;
    })();
    return { seen: () => text, ended };
  }

  it('passes the tokens of an event stream on one by one', async () => {
    const place = heldReply('Stream');
    const response = await fetch(streamUrl('Stream'), { headers: bearer });
    const { seen, ended } = textOf(response);
    await expect.poll(seen).toContain('"content":"One "');
    expect(seen()).not.toContain('two');
    place.release();
    expect(await ended).toContain('{"type":"complete","content":"One two"}');
  });

  it('passes the tokens of a GraphQL subscription over SSE on one by one', async () => {
    const place = heldReply('Subscribe');
    const { turn } = await sendAt(proxy.origin, someone(), 'Subscribe');
    const response = await fetch(`${proxy.origin}/graphql`, {
      method: 'POST',
      headers: { ...bearer, accept: 'text/event-stream', 'content-type': 'application/json' },
      body: JSON.stringify({ query: TURN_EVENTS, variables: { turnId: turn.id } }),
    });
    const { seen, ended } = textOf(response);
    await expect.poll(seen).toContain('One ');
    expect(seen()).not.toContain('two');
    place.release();
    expect(await ended).toContain('TurnCompleted');
  });

  it('passes WebSockets on, and their tokens one by one', async () => {
    const place = heldReply('Over a socket');
    const client = createClient({
      url: `${proxy.origin.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: bearer,
      retryAttempts: 0,
    });
    const { turn } = await sendAt(proxy.origin, someone(), 'Over a socket');
    const types: string[] = [];
    for await (const { data } of client.iterate<{ turnEvents: { __typename: string; text?: string } }>({
      query: TURN_EVENTS,
      variables: { turnId: turn.id },
    })) {
      types.push(data?.turnEvents.text ?? data?.turnEvents.__typename ?? '');
      if (types.at(-1) === 'One ') place.release();
    }
    expect(types).toEqual(['TurnStarted', 'One ', 'two', 'TurnCompleted']);
    await client.dispose();
  });

  it('lets both processes answer', async () => {
    const before = processes.servers.map(requestsOf);
    await Promise.all(Array.from({ length: 10 }, () => queryAt(proxy.origin, '{ workspace { id } }')));
    // Lines are written a moment later.
    for (const [index, server] of processes.servers.entries())
      await expect.poll(() => requestsOf(server)).toBeGreaterThan(before[index] as number);
  });

  it('lets a request keep its name, and names those that have none', async () => {
    const answer = (name?: string) =>
      fetch(`${proxy.origin}/stages`, { headers: { ...bearer, ...(name !== undefined && { 'x-request-id': name }) } });
    expect((await answer('my-request:1')).headers.get('x-request-id')).toBe('my-request:1');
    for (const name of [undefined, 'two words'])
      expect((await answer(name)).headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/);
  });

  it('logs neither what is said nor tokens nor keys', async () => {
    await (await fetch(`${streamUrl('Said in confidence')}&access_token=eyJsecret`, { headers: bearer })).text();
    await expect.poll(() => proxy.output()).toContain('/streaming"');
    expect(proxy.output()).not.toMatch(/confidence|eyJsecret|channel_id/);
    expect(proxy.output()).not.toContain(API_KEY);
  });

  it('does not send a message twice when it asks the other process', async () => {
    const [one, other] = processes.servers.map(({ origin }) => origin) as [string, string];
    // Takes the request, and breaks before the answer.
    const breaking = await startCuttingLine(one, { budget: () => 0, maxCuts: 100 });
    const second = await startProxy(breaking.origin, other);
    const person = someone();
    for (let index = 0; index < 4; index += 1) {
      const query = new URLSearchParams({ channel_id: 'web', message: `Once ${index}` });
      const response = await fetch(`${second.origin}/conversation/${person}/streaming?${query}`, { headers: bearer });
      expect(await response.text()).toContain(`"content":"Echo: Once ${index}"`);
    }
    expect(breaking.cuts).toBeGreaterThan(0);
    const { identity } = await queryAt(
      other,
      `{ identity(by: { externalId: "${person}" }) { conversations(first: 1) { edges { node { messages(last: 50) { edges { node { role text } } } } } } } }`,
    );
    const said = identity.conversations.edges[0].node.messages.edges.filter(
      ({ node }: { node: { role: string } }) => node.role === 'USER',
    );
    expect(said.map(({ node }: { node: { text: string } }) => node.text)).toEqual(
      [0, 1, 2, 3].map((index) => `Once ${index}`),
    );
    await second.stop();
    await breaking.close();
  });

  it('serves on while one process is replaced', async () => {
    const [one] = processes.servers as [Processes['servers'][number]];
    const port = new URL(one.origin).port;
    const answers: number[] = [];
    let replaced = false;
    const asking = (async () => {
      while (!replaced) answers.push((await fetch(`${proxy.origin}/stages`, { headers: bearer })).status);
    })();
    await one.terminate();
    processes.servers[0] = await startServer({ ...processes.environment, PORT: port });
    replaced = true;
    await asking;
    expect(new Set(answers)).toEqual(new Set([200]));
  });
});

/** How many requests a process has answered, by its log. */
function requestsOf({ output }: { output(): string }): number {
  return output().split('"msg":"Request"').length;
}
