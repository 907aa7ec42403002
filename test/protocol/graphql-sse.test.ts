import { createClient } from 'graphql-sse';
import { describe, expect, it } from 'vitest';
import { startTestApp } from '../support/app.ts';
import { prepareDemo, send } from '../support/demo.ts';
import { followsTurns } from '../support/follows-turns.ts';
import { followingOf } from '../support/graphql-socket.ts';
import { all, type Follow, halfReply, TURN_EVENTS, textOf } from '../support/turn-events.ts';

const app = await startTestApp();
await prepareDemo(app);
const origin = await app.origin();

const follow: Follow = async (query, variables = {}, credential = app.credential) => {
  const client = createClient({
    url: `${origin}/graphql`,
    singleConnection: false,
    retryAttempts: 0,
    headers: { authorization: `Bearer ${credential}` },
  });
  return followingOf(client, query, variables);
};

followsTurns(app, follow);

/** The same by hand. */
function subscribe(body: object, headers: Record<string, string> = {}): Promise<Response> {
  const all = { authorization: `Bearer ${app.credential}`, accept: 'text/event-stream', ...headers };
  const method = 'POST';
  return fetch(`${origin}/graphql`, {
    method,
    headers: { 'content-type': 'application/json', ...all },
    body: JSON.stringify(body),
  });
}

describe('the stream', () => {
  it('is made of next events and one complete event', async () => {
    const { turn } = await send(app, 'By hand');
    await all(await follow(TURN_EVENTS, { turnId: turn.id }));
    const response = await subscribe({ query: TURN_EVENTS, variables: { turnId: turn.id } });
    const blocks = (await response.text()).split('\n\n').filter((block) => block !== '' && !block.startsWith(':'));
    expect(blocks.at(-1)).toBe('event: complete\ndata:');
    const events = blocks.slice(0, -1).map((block) => {
      const [, data = ''] = /^event: next\ndata: (.*)$/.exec(block) ?? [];
      return JSON.parse(data).data.event;
    });
    expect(textOf(events)).toBe('Echo: By hand');
  });

  it('tells proxies not to hold it back', async () => {
    const { turn } = await send(app, 'Headers');
    const response = await subscribe({ query: TURN_EVENTS, variables: { turnId: turn.id } });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    await response.text();
  });

  it('is open before the model has said anything', async () => {
    const place = halfReply(app, 'Silence first', [], ['at last']);
    const { turn, cursor } = await send(app, 'Silence first');
    const response = await subscribe({ query: TURN_EVENTS, variables: { turnId: turn.id, after: cursor } });
    expect(response.status).toBe(200);
    place.release();
    expect(await response.text()).toContain('at last');
  });

  it('also comes to a GET, as EventSource asks for it', async () => {
    const { turn } = await send(app, 'By GET');
    const query = new URLSearchParams({ query: TURN_EVENTS, variables: JSON.stringify({ turnId: turn.id }) });
    const headers = { accept: 'text/event-stream', 'x-api-key': app.credential };
    const response = await fetch(`${origin}/graphql?${query}`, { headers });
    const text = await response.text();
    expect(text).toContain('"__typename":"TurnCompleted"');
    expect(text.trimEnd()).toMatch(/event: complete\ndata:$/);
  });

  it('is not opened without credentials', async () => {
    const response = await subscribe({ query: TURN_EVENTS, variables: { turnId: 'trn_x' } }, { authorization: '' });
    expect(response.status).toBe(401);
    expect(await response.text()).toContain('"code":"UNAUTHENTICATED"');
  });

  it('tells a refusal as its only result', async () => {
    const response = await subscribe({ query: TURN_EVENTS, variables: { turnId: 'trn_x' } });
    const blocks = (await response.text()).split('\n\n').filter((block) => block.startsWith('event: next'));
    expect(blocks).toHaveLength(1);
    expect(blocks[0]).toContain('"code":"NOT_FOUND"');
  });

  it('serves a query as one result', async () => {
    const response = await subscribe({ query: '{ workspace { id } }' });
    expect(await response.text()).toContain(JSON.stringify({ data: { workspace: { id: app.workspaceId } } }));
  });
});
