import { beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from './support/app.ts';
import { ConversationReader } from './support/conversation-reader.ts';
import { prepareDemo, send } from './support/demo.ts';
import { mutate } from './support/mutate.ts';
import { randomNumbers } from './support/random.ts';
import { hold, type Reply, reply } from './support/scripted-model.ts';
import { subscribe } from './support/subscription.ts';
import { chatPath, someone } from './support/talk.ts';
import { TURN_EVENTS } from './support/turn-readers.ts';

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp();
  await prepareDemo(app);
});

const newcomer = async () => ({ externalId: await someone(app) });

/** Somebody new whose turn has said "One " and waits. */
async function startTalking(message: string) {
  const place = hold();
  app.model.when(message, reply.text('One ', place, 'two'));
  const identity = await newcomer();
  const { turn, cursor } = await send(app, message, { identity });
  await place.reached;
  return {
    identity,
    turnId: turn.id as string,
    conversationId: turn.conversation.id as string,
    cursor: cursor as string,
    place,
  };
}

describe('following a conversation', () => {
  it('begins with the messages and the text so far, and goes on behind them', async () => {
    const { conversationId, turnId, place } = await startTalking('Begin');
    const reader = await ConversationReader.open(app, conversationId);
    await reader.until(() => reader.replies.get(turnId) === 'One ');
    expect(reader.types[0]).toBe('ConversationSnapshot');
    place.release();
    await reader.until(() => reader.ended.has(turnId));
    expect(reader.replies.get(turnId)).toBe('One two');
    await reader.leave();
  });

  it('goes on behind a cursor without a snapshot', async () => {
    const { conversationId, turnId, cursor, place } = await startTalking('Behind the cursor');
    place.release();
    const reader = await ConversationReader.open(app, conversationId, cursor);
    await reader.until(() => reader.ended.has(turnId));
    expect(reader.types).toEqual(['MessageReceived', 'TurnStarted', 'TurnTokens', 'TurnCompleted']);
    await reader.leave();
  });

  it('tells of messages that come by any door', async () => {
    const { conversationId, identity, place } = await startTalking('Doors');
    place.release();
    const reader = await ConversationReader.open(app, conversationId);
    await reader.next();
    await app.rest('POST', `/conversation/${identity.externalId}/chat/web`, { text: 'By REST' });
    await reader.until(() => reader.messages.length === 2);
    await send(app, 'By GraphQL', { identity });
    await reader.until(() => reader.messages.length === 3);
    await reader.leave();
  });

  it("goes on behind the conversation's own cursor, with nothing missing", async () => {
    const { conversationId, identity, turnId, place } = await startTalking('The present');
    place.release();
    const first = await ConversationReader.open(app, conversationId);
    await first.until(() => first.ended.has(turnId));
    await first.leave();
    const { conversation } = await app.query('query ($id: ID!) { conversation(id: $id) { cursor } }', {
      id: conversationId,
    });
    const { turn } = await send(app, 'Afterwards', { identity });
    const reader = await ConversationReader.open(app, conversationId, conversation.cursor);
    await reader.until(() => reader.ended.has(turn.id));
    expect(reader.types[0]).toBe('MessageReceived');
    expect([...reader.replies]).toEqual([[turn.id, 'Echo: Afterwards']]);
    await reader.leave();
  });

  it('keeps the reply of a running turn apart from a turn that is cancelled in the queue', async () => {
    const { conversationId, identity, turnId, place } = await startTalking('Not mine');
    const waiting = await send(app, 'Cancelled', { identity });
    await mutate(app, 'cancelTurn', { turnId: waiting.turn.id });
    const reader = await ConversationReader.open(app, conversationId);
    await reader.next();
    expect(reader.replies.get(turnId)).toBe('One ');
    place.release();
    await reader.until(() => reader.ended.has(turnId));
    expect(reader.replies.get(turnId)).toBe('One two');
    await reader.leave();
  });

  it('ends when the identity is deleted, also for the readers of its turn', async () => {
    const { conversationId, identity, turnId } = await startTalking('Forget me');
    const reader = await ConversationReader.open(app, conversationId);
    const turn = await subscribe(app, app, TURN_EVENTS, { turnId });
    await reader.next();
    await turn.next();
    expect((await mutate(app, 'deleteIdentity', { identity })).__typename).toBe('DeleteIdentityPayload');
    await reader.until(() => false);
    while ((await turn.next()) !== undefined);
    expect(await (await app.model.received('Forget me')).ended).toBe('left');
  });
});

describe('a cursor older than the log', () => {
  /** The cursor as it is for a server that has been started anew. */
  const elsewhere = async (text: string) => {
    const identity = await newcomer();
    const other = app.elsewhere();
    await other.rest('POST', chatPath(identity.externalId), { text }, { 'Idempotency-Key': '1' });
    const first = await send(other, text, { identity, clientMessageId: '1' });
    return {
      identity,
      turnId: first.turn.id as string,
      conversationId: first.turn.conversation.id as string,
      cursor: first.cursor as string,
    };
  };

  it('gives a gap with the text so far, then the conversation as it is, then the tail', async () => {
    const { identity, turnId, conversationId, cursor } = await elsewhere('Long ago');
    const reader = await ConversationReader.open(app, conversationId, cursor);
    await reader.next();
    await reader.next();
    expect(reader.types).toEqual(['StreamGap', 'ConversationSnapshot']);
    expect(reader.replies.get(turnId)).toBe('Echo: Long ago');
    const next = await send(app, 'Today', { identity });
    await reader.until(() => reader.ended.has(next.turn.id));
    expect([...reader.replies.values()]).toEqual(['Echo: Long ago', 'Echo: Today']);
    await reader.leave();
  });

  it('gives the gap again to a reader that was cut off behind it', async () => {
    const { conversationId, cursor } = await elsewhere('Cut off');
    const reader = await ConversationReader.open(app, conversationId, cursor);
    await reader.next();
    await reader.leave();
    const again = await ConversationReader.open(app, conversationId, reader.cursor);
    await again.next();
    await again.next();
    expect(again.types).toEqual(['StreamGap', 'ConversationSnapshot']);
    await again.leave();
  });
});

describe('a snapshot from a log that has just begun', () => {
  it('holds the messages that wait, which are not told again to a reader that comes back', async () => {
    const place = hold();
    app.model.when('Wait for me', reply.text('One ', place, 'two'));
    const identity = await newcomer();
    const other = app.elsewhere();
    const { turn } = await send(other, 'Wait for me', { identity });
    const waiting = await send(other, 'Behind it', { identity });
    await place.reached;
    const reader = await ConversationReader.open(app, turn.conversation.id);
    await reader.next();
    expect(reader.messages).toHaveLength(2);
    await reader.leave();
    // Whoever ends a turn tells of its message first, unless that is known.
    await mutate(app, 'cancelTurn', { turnId: waiting.turn.id });
    const again = await ConversationReader.open(app, turn.conversation.id, reader.cursor);
    await again.next();
    expect(again.types).toEqual(['TurnCancelled']);
    await again.leave();
    place.release();
  });
});

describe('a snapshot taken at any moment of fast replies', () => {
  const TURNS = 4;
  const TOKENS = 150;
  const READERS = 60;
  const random = randomNumbers(7);

  it('and its tail tell every message and every character once', async () => {
    const total = TURNS * TOKENS;
    const moments = new Set(Array.from({ length: READERS }, () => Math.floor(random() * total)));
    const readings: Promise<ConversationReader>[] = [];
    let spoken = 0;
    let conversationId = '';
    const fast: Reply = async (call, { userText }) => {
      call.openStream();
      for (let index = 0; index < TOKENS; index += 1) {
        if (moments.has(spoken)) readings.push(read());
        spoken += 1;
        await call.chunk({ content: `${userText}/${index} ` });
      }
      await call.chunk({}, 'stop');
      await call.event('[DONE]');
      call.end();
    };
    const read = async () => {
      const reader = await ConversationReader.open(app, conversationId);
      await reader.until(() => reader.ended.size === TURNS + 1);
      await reader.leave();
      return reader;
    };
    app.model.when(/^Fast/, fast);
    const identity = await newcomer();
    const first = await send(app, 'Hello', { identity });
    conversationId = first.turn.conversation.id;
    const sent = [first];
    for (let turn = 0; turn < TURNS; turn += 1) sent.push(await send(app, `Fast ${turn}`, { identity }));
    readings.push(read());
    await await readings[0];
    const readers = await Promise.all(readings);
    expect(readers.length).toBeGreaterThan(READERS / 2);
    const stored = await app.database.db.message.findMany({
      where: { conversationId, role: 'ASSISTANT' },
      orderBy: { turnNumber: 'asc' },
    });
    for (const reader of readers) {
      expect(reader.messages.toSorted()).toEqual(sent.map(({ message }) => message.id).toSorted());
      for (const { turnId, text } of stored) expect(reader.replies.get(turnId as string)).toBe(text);
    }
    expect(new Set(readers.map(({ types }) => types.length)).size).toBeGreaterThan(1);
  });
});
