import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { startTestApp } from '../support/app.ts';
import { prepareDemo, send } from '../support/demo.ts';
import { openStream } from '../support/event-stream.ts';
import { openSocket } from '../support/graphql-socket.ts';
import { mutate } from '../support/mutate.ts';
import { openRawSocket } from '../support/raw-readers.ts';
import { streamPath } from '../support/talk.ts';
import { CONVERSATION_EVENTS, halfReply, until } from '../support/turn-events.ts';

const bearer = (credential: string) => ({ params: { authorization: `Bearer ${credential}` } });

describe('the connections of an API key', async () => {
  const app = await startTestApp({ environment: { CONNECTIONS_PER_KEY: '2' } });
  await prepareDemo(app);
  const origin = await app.origin();
  const place = halfReply(app, 'Stays open', ['Half '], ['and half']);
  const { turn } = await send(app, 'Stays open');
  const message = 'An API key can hold 2 WebSockets and event streams open at once.';

  const askGraphql = (credential: string, signal: AbortSignal) =>
    fetch(`${origin}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${credential}`,
        accept: 'text/event-stream',
        'content-type': 'application/json',
      },
      body: JSON.stringify({ query: CONVERSATION_EVENTS, variables: { conversationId: turn.conversation.id } }),
      signal,
    });

  it('are limited, sockets and event streams together, with those of its access tokens', async () => {
    const leaving = new AbortController();
    const { credential } = app;
    const { token } = await mutate(app, 'createAccessToken', { identity: { externalId: 'ada' } }, 'token');
    const socket = await openSocket(app, bearer(credential));
    await askGraphql(token, leaving.signal);

    await expect(openSocket(app, bearer(credential))).rejects.toMatchObject({ code: 1013, message });
    const rest = await openStream(app, `/turns/${turn.id}/events`, { origin, credential });
    const graphql = await askGraphql(credential, leaving.signal);
    expect([rest.status, graphql.status]).toEqual([429, 429]);
    expect(await rest.json()).toMatchObject({ code: 'LIMIT_EXCEEDED', limit: 'connections-per-key', message });
    expect((await graphql.json()).errors[0]).toMatchObject({ message, extensions: { limit: 'connections-per-key' } });

    await socket.dispose();
    leaving.abort();
    // What was let go can be held again, as soon as the server has noticed.
    let again = await openStream(app, `/turns/${turn.id}/events`, { origin, credential });
    while (again.status === 429) again = await openStream(app, `/turns/${turn.id}/events`, { origin, credential });
    place.release();
    expect(await again.text()).toContain('and half');
  });

  it('are none while requests are answered, and none any more when a stream has ended', async () => {
    for (let count = 0; count < 3; count += 1) {
      expect(await (await openStream(app, streamPath('ada', 'Short'), { origin })).text()).toContain('"complete"');
    }
  });

  it('of another key are not touched by that', async () => {
    const sockets = await Promise.all([1, 2].map(() => openSocket(app, bearer(app.credential))));
    const other = await app.withPermissions('READ');
    const socket = await openSocket(app, bearer(other.credential));
    for (const one of [socket, ...sockets]) await one.dispose();
  });
});

describe('the subscriptions of a socket', async () => {
  const app = await startTestApp({ environment: { SUBSCRIPTIONS_PER_SOCKET: '2' } });
  await prepareDemo(app);
  const { turn } = await send(app, 'Hello');

  it('are limited, and one that has ended makes room', async () => {
    const socket = await openSocket(app, bearer(app.credential));
    const follow = () => socket.follow(CONVERSATION_EVENTS, { conversationId: turn.conversation.id });
    const [one, two] = [follow(), follow()];
    for (const following of [one, two]) await until(following, 'ConversationSnapshot');
    const refused = await socket.execute('{ workspace { id } }').catch((errors: unknown) => errors);
    expect(refused).toMatchObject([
      {
        message: 'At most 2 operations can be under way over one socket.',
        extensions: { code: 'LIMIT_EXCEEDED', limit: 'subscriptions-per-socket' },
      },
    ]);
    await one.leave();
    expect((await socket.execute('{ workspace { id } }')).data.workspace.id).toBe(app.workspaceId);
    await socket.dispose();
  });
});

describe('a socket on which nothing is going on', async () => {
  const app = await startTestApp({ environment: { SOCKET_IDLE_MS: '200' } });
  await prepareDemo(app);
  const { turn } = await send(app, 'Hello');
  const origin = await app.origin();

  it('is closed, and one on which something is followed is not', async () => {
    const followed = await openSocket(app, bearer(app.credential));
    const following = followed.follow(CONVERSATION_EVENTS, { conversationId: turn.conversation.id });
    await until(following, 'ConversationSnapshot');
    const idle = await openRawSocket(origin, app.credential);
    const [code, reason] = await once(idle, 'close');
    expect([code, String(reason)]).toEqual([1000, 'Nothing was going on']);
    // By the time of an answer a close would have been heard of.
    await followed.execute('{ workspace { id } }');
    expect(await Promise.race([followed.closed, 'open'])).toBe('open');
    await following.leave();
    expect(await followed.closed).toEqual({ code: 1000, reason: 'Nothing was going on' });
  });
});
