import { afterEach, describe, expect, it } from 'vitest';
import type { TestApp } from './app.ts';
import { prepareDemo, send } from './demo.ts';
import { watchReaders } from './event-log-readers.ts';
import { mutate } from './mutate.ts';
import { reply } from './scripted-model.ts';
import {
  all,
  CONVERSATION_EVENTS,
  type Follow,
  type Following,
  halfReply,
  kindsOf,
  TURN_EVENTS,
  textOf,
  until,
  untilText,
} from './turn-events.ts';

const readers = watchReaders();

/** What a client can rely on when it follows turns, by whatever protocol. The app must have the demo. */
export function followsTurns(app: TestApp, begin: Follow): void {
  const open: Following[] = [];
  const follow: Follow = async (...args) => {
    const following = await begin(...args);
    open.push(following);
    return following;
  };
  const events = (turnId: string, after?: string) => follow(TURN_EVENTS, { turnId, after });

  afterEach(async () => {
    for (const following of open.splice(0)) await following.leave();
    await readers.none();
  });

  describe('turnEvents', () => {
    it('give behind the cursor of sendMessage the whole reply, piece by piece', async () => {
      const { turn, cursor } = await send(app, 'Tell me a story');
      const told = await all(await events(turn.id, cursor));
      expect(kindsOf(told)).toEqual(['TurnStarted', ...told.slice(1, -1).map(() => 'TurnTokens'), 'TurnCompleted']);
      expect(textOf(told)).toBe('Echo: Tell me a story');
      expect(told.at(-1)).toMatchObject({
        turnId: turn.id,
        turn: { status: 'COMPLETED' },
        reply: { text: textOf(told) },
      });
      expect(new Set(told.map((event) => event.cursor)).size).toBe(told.length);
    });

    it('give a turn that has ended from its beginning when there is no cursor', async () => {
      const { turn } = await send(app, 'Long ago');
      await all(await events(turn.id));
      expect(textOf(await all(await events(turn.id)))).toBe('Echo: Long ago');
    });

    it('go on exactly behind a cursor in the middle of a reply', async () => {
      const place = halfReply(app, 'In two halves', ['One ', 'two ', 'three '], ['four ', 'five']);
      const { turn, cursor } = await send(app, 'In two halves');
      const first = await events(turn.id, cursor);
      const seen = await untilText(first, 'One two three ');
      await first.leave();
      place.release();
      const rest = await all(await events(turn.id, seen.at(-1).cursor));
      expect(kindsOf(rest).at(-1)).toBe('TurnCompleted');
      expect(textOf(rest)).toBe('four five');
    });

    it('give nothing behind the last cursor of a turn', async () => {
      const { turn } = await send(app, 'Over');
      const told = await all(await events(turn.id));
      expect(await all(await events(turn.id, told.at(-1)?.cursor))).toEqual([]);
    });

    it('tell of tools between the pieces of the reply', async () => {
      const calls = [
        { name: 'remember', arguments: { key: 'likes', value: 'tea' } },
        { name: 'move_to_stage', arguments: { stage: 'considering' } },
        { name: 'fly', arguments: {} },
      ];
      app.model.when('I like tea', reply.toolCalls(...calls), reply.text('Noted.'));
      const { turn, cursor } = await send(app, 'I like tea');
      const told = await all(await events(turn.id, cursor));
      expect(kindsOf(told)).toEqual([
        'TurnStarted',
        ...['TurnToolCalled', 'MemoryRemembered', 'TurnToolCalled', 'StageAssigned', 'TurnToolCalled'],
        ...['TurnTokens', 'TurnCompleted'],
      ]);
      expect(told[1]).toMatchObject({
        name: 'remember',
        arguments: calls[0]?.arguments,
        result: { remembered: 'likes' },
      });
      expect(told[2]).toMatchObject({ key: 'likes', value: 'tea' });
      expect(told[4]).toMatchObject({ stage: { key: 'considering' } });
      expect(told[5]).toMatchObject({ name: 'fly', result: { error: expect.any(String) } });
    });

    it('show arguments of a tool call that are JSON null or no JSON', async () => {
      const calls = [null, '{"key":'].map((given) => ({ name: 'remember', arguments: given }));
      app.model.when('Call it badly', reply.toolCalls(...calls), reply.text('Sorry.'));
      const { turn, cursor } = await send(app, 'Call it badly');
      const told = await all(await events(turn.id, cursor));
      expect(told.slice(1, 3).map((event) => event.arguments)).toEqual([null, '{"key":']);
      expect(kindsOf(told).slice(-2)).toEqual(['TurnTokens', 'TurnCompleted']);
    });

    it('end with TurnFailed when the model refuses', async () => {
      app.model.when('Refuse this', reply.status(400));
      const { turn, cursor } = await send(app, 'Refuse this');
      const told = await all(await events(turn.id, cursor));
      expect(kindsOf(told)).toEqual(['TurnStarted', 'TurnFailed']);
      expect(told.at(-1)).toMatchObject({ code: 'MODEL_REJECTED', message: expect.any(String) });
      expect(told.at(-1).turn).toEqual({ status: 'FAILED', error: { code: 'MODEL_REJECTED' } });
    });

    it('end with TurnCancelled, and what was said until then is kept', async () => {
      const place = halfReply(app, 'Stop me', ['Well, '], ['never said']);
      const { turn, cursor } = await send(app, 'Stop me');
      const following = await events(turn.id, cursor);
      await until(following, 'TurnTokens');
      await mutate(app, 'cancelTurn', { turnId: turn.id });
      expect(await all(following)).toMatchObject([
        { __typename: 'TurnCancelled', turn: { status: 'CANCELLED', reply: { text: 'Well, ' } } },
      ]);
      place.release();
    });

    it('refuse a cursor that is malformed, forged or of another conversation', async () => {
      const { turn, cursor } = await send(app, 'Whose cursor');
      await all(await events(turn.id));
      const stranger = await app.stranger();
      await prepareDemo(stranger);
      const theirs = await send(stranger, 'Mine');
      for (const wrong of [
        'nonsense',
        '\u0000',
        `${cursor.slice(0, -1)}!`,
        `${cursor.slice(0, -4)}AAAA`,
        theirs.cursor,
      ]) {
        const refused = events(turn.id, wrong).then((following) => following.next());
        await expect(refused).rejects.toMatchObject({ code: 'INVALID_INPUT' });
      }
    });

    it('refuse a turn of another workspace like one that does not exist', async () => {
      const { turn } = await send(app, 'Whose turn');
      const { credential } = await app.stranger();
      const refused = follow(TURN_EVENTS, { turnId: turn.id }, credential).then((following) => following.next());
      await expect(refused).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'There is no turn with this id.' });
    });

    it('leave nothing behind when their reader leaves while it waits', async () => {
      const place = halfReply(app, 'Wait for me', ['Wait '], ['over']);
      const { turn, cursor } = await send(app, 'Wait for me');
      const following = await events(turn.id, cursor);
      await until(following, 'TurnTokens');
      const waiting = following.next().catch(() => undefined);
      expect(readers.count()).toBeGreaterThan(0);
      await following.leave();
      await readers.none();
      await waiting;
      place.release();
    });
  });

  describe('conversationEvents', () => {
    it('begin with a snapshot and go on with what others say', async () => {
      const { turn } = await send(app, 'Before the snapshot');
      await all(await events(turn.id));
      const following = await follow(CONVERSATION_EVENTS, { conversationId: turn.conversation.id });
      const snapshot = await following.next();
      expect(snapshot).toMatchObject({ __typename: 'ConversationSnapshot', activeTurn: null, textSoFar: '' });
      expect(snapshot.messages.slice(-2)).toEqual([
        { role: 'USER', text: 'Before the snapshot' },
        { role: 'ASSISTANT', text: 'Echo: Before the snapshot' },
      ]);
      const next = await send(app, 'After the snapshot');
      const told = await until(following, 'TurnCompleted');
      expect(told[0]).toMatchObject({
        __typename: 'MessageReceived',
        message: { role: 'USER', text: 'After the snapshot' },
      });
      expect(textOf(told)).toBe('Echo: After the snapshot');
      expect(told[0].began).toBe(next.turn.id);
      expect(told.slice(1).every(({ turnId }) => turnId === next.turn.id)).toBe(true);
    });

    it('show in the snapshot what a running turn has said, and then only the rest', async () => {
      const place = halfReply(app, 'Half way', ['First ', 'half '], ['second half']);
      const { turn, cursor } = await send(app, 'Half way');
      await untilText(await events(turn.id, cursor), 'First half ');
      const following = await follow(CONVERSATION_EVENTS, { conversationId: turn.conversation.id });
      const { textSoFar, activeTurn } = await following.next();
      place.release();
      const told = await until(following, 'TurnCompleted');
      expect(activeTurn).toEqual({ id: turn.id });
      expect(textSoFar + textOf(told)).toBe('First half second half');
    });

    it('go on behind a cursor without a snapshot', async () => {
      const { turn, cursor } = await send(app, 'Behind a cursor');
      const following = await follow(CONVERSATION_EVENTS, { conversationId: turn.conversation.id, after: cursor });
      const told = await until(following, 'TurnCompleted');
      expect(kindsOf(told)).not.toContain('ConversationSnapshot');
      expect(textOf(told)).toBe('Echo: Behind a cursor');
    });
  });

  describe('stageTransitions', () => {
    const MOVES = `subscription ($identity: IdentityReference, $stage: StageReference) {
      event: stageTransitions(identity: $identity, stage: $stage) {
        identity { externalId } fromStage { key } toStage { key } cause
      }
    }`;
    const move = (externalId: string, key: string) =>
      mutate(app, 'assignStage', { identity: { externalId }, stage: { key } });

    it('tell of the moves of one identity, and of no other', async () => {
      for (const externalId of ['mover', 'other']) await mutate(app, 'upsertIdentity', { identity: { externalId } });
      const following = await follow(MOVES, { identity: { externalId: 'mover' } });
      let told: unknown;
      const first = following.next().then((event) => {
        told = event;
      });
      // Nothing says when the server has begun to listen, so they are moved until it has.
      for (let round = 0; told === undefined; round += 1) {
        const key = round % 2 === 0 ? 'considering' : 'onboarding';
        for (const externalId of ['other', 'mover']) await move(externalId, key);
      }
      await first;
      expect(told).toMatchObject({ identity: { externalId: 'mover' }, cause: 'API' });
    });

    it('tell of the moves into or out of one stage', async () => {
      await mutate(app, 'upsertIdentity', { identity: { externalId: 'walker' } });
      await mutate(app, 'createStage', { name: 'Aside' });
      const following = await follow(MOVES, { stage: { key: 'aside' } });
      const told: { fromStage: { key: string } | null; toStage: { key: string } }[] = [];
      const both = Promise.all([1, 2].map(async () => told.push(await following.next())));
      while (told.length < 2) for (const key of ['onboarding', 'considering', 'aside']) await move('walker', key);
      await both;
      expect(told.every(({ fromStage, toStage }) => [fromStage?.key, toStage.key].includes('aside'))).toBe(true);
    });
  });
}
