import { beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../src/ids.ts';
import { requeueTurn } from '../src/turns/abandoned.ts';
import { claimNextTurn } from '../src/turns/storage.ts';
import { startTestApp, type TestApp } from './support/app.ts';
import { prepareDemo, send } from './support/demo.ts';
import { whileLocked } from './support/locks.ts';
import { keepLog } from './support/log-lines.ts';
import { mutate } from './support/mutate.ts';
import { hold, reply } from './support/scripted-model.ts';
import { asUrl } from './support/server.ts';
import { subscribe } from './support/subscription.ts';
import { findTurn, someone } from './support/talk.ts';
import { TURN_EVENTS } from './support/turn-readers.ts';

const kept = keepLog('info');
let app: TestApp;

beforeAll(async () => {
  // Whoever locks in another order waits for longer than a test does.
  app = await startTestApp({
    log: kept.log,
    async reach(location) {
      const url = new URL(asUrl(location));
      url.searchParams.set('options', '-c deadlock_timeout=60s');
      return { url: url.href };
    },
  });
  await prepareDemo(app);
});

/** A turn whose reply has been said but for its end, which comes when `finish` is called; that resolves at its last event. */
async function begin(message: string) {
  const place = hold();
  app.model.when(message, reply.text('One ', place, 'two'));
  const identity = { externalId: await someone(app) };
  const { turn } = await send(app, message, { identity, clientMessageId: '1' });
  const events = await subscribe(app, app, TURN_EVENTS, { turnId: turn.id });
  await place.reached;
  const finish = async () => {
    place.release();
    for (;;) {
      const event = await events.next();
      if (event === undefined || /Completed|Failed|Cancelled/.test(event.turnEvents.__typename))
        return event?.turnEvents;
    }
  };
  const again = () => send(app, 'Another text', { identity, clientMessageId: '1' });
  return { identity, turnId: turn.id as string, conversationId: turn.conversation.id as string, finish, again };
}

describe('a reply that is stored', () => {
  it('is stored also while its message is sent again', async () => {
    const { turnId, conversationId, finish, again } = await begin('Sent again');
    const [repeated, end] = await whileLocked(app, conversationId, again, finish);
    expect(await repeated).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    expect(await end).toMatchObject({ __typename: 'TurnCompleted' });
    expect(await findTurn(app, turnId)).toMatchObject({ status: 'COMPLETED', reply: { text: 'One two' } });
  });

  it('is erased when it is stored just before its identity is', async () => {
    const { identity, turnId, conversationId, finish } = await begin('Erased');
    const [end, erased] = await whileLocked(app, conversationId, finish, () =>
      mutate(app, 'deleteIdentity', { identity }, 'erasure { conversations turns messages }'),
    );
    expect(await erased).toMatchObject({ erasure: { conversations: 1, turns: 1, messages: 2 } });
    await end;
    expect(await findTurn(app, turnId)).toBeNull();
  });
});

describe('a turn that goes back into the queue', () => {
  it('does so also while its message is sent again', async () => {
    const { turnId, conversationId, again } = await begin('Requeued');
    const { db } = app.database;
    const turn = { workspaceId: app.workspaceId, conversationId, id: turnId, number: 1, messageId: '', attempt: 1 };
    const [repeated, requeued] = await whileLocked(app, conversationId, again, () => requeueTurn(db, turn));
    expect(await repeated).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    await requeued;
    expect(await findTurn(app, turnId)).toMatchObject({ status: 'QUEUED' });
  });
});

describe('a turn that waits', () => {
  it('leaves its conversation free when it is cancelled while it is being claimed', async () => {
    const { conversationId, finish } = await begin('Cancelled');
    await finish();
    const { db, statements } = app.database;
    const { workspaceId } = app;
    // No process has been told of it.
    const turnId = newId('Turn');
    await db.turn.create({ data: { workspaceId, id: turnId, conversationId, number: 2 } });
    const claim = () => claimNextTurn(statements, workspaceId, conversationId);
    const cancelAndWait = async () => {
      await mutate(app, 'cancelTurn', { turnId });
      await db.$queryRaw`SELECT FROM conversations WHERE id = ${conversationId} FOR UPDATE`;
    };
    const [claimed] = await whileLocked(app, conversationId, claim, cancelAndWait);
    expect(await claimed).toBeNull();
    expect(await db.conversation.findFirst({ where: { id: conversationId } })).toMatchObject({ activeTurnId: null });
  });
});

describe('a turn whose identity is erased at another server', () => {
  it('leaves nothing of what it was to run with', async () => {
    const { identity, finish } = await begin('Before');
    const place = hold();
    app.model.when('Erased meanwhile', reply.text(place, 'Too late'));
    await mutate(app, 'upsertIdentity', { identity, name: 'Erased Person' });
    const { turn } = await send(app, 'Erased meanwhile', { identity });
    await finish();
    await place.reached;
    await mutate(app.elsewhere(), 'deleteIdentity', { identity });
    place.release();
    await expect.poll(() => kept.of('Turn', { outcome: 'lost', turnId: turn.id })).toHaveLength(1);
    const said = { text: { contains: 'Erased Person' } };
    expect(await app.database.db.prompt.count({ where: said })).toBe(0);
  });
});
