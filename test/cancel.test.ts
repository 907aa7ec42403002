import { beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from './support/app.ts';
import { prepareDemo, send } from './support/demo.ts';
import { BlockReader, openStream } from './support/event-stream.ts';
import { mutate } from './support/mutate.ts';
import { hold, reply } from './support/scripted-model.ts';
import { subscribe } from './support/subscription.ts';
import { findTurn, someone, streamPath } from './support/talk.ts';
import { readToEnd, TURN_EVENTS, TurnText } from './support/turn-readers.ts';

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp();
  await prepareDemo(app);
});

const cancel = (input: object) => mutate(app, 'cancelTurn', input, 'turn { id status }');

/** Somebody new whose turn has said "One " and waits. */
async function startTalking(message: string, more = {}) {
  const place = hold();
  app.model.when(message, reply.text('One ', place, 'two'));
  const externalId = await someone(app);
  const { turn } = await send(app, message, { identity: { externalId }, ...more });
  await place.reached;
  const events = await subscribe(app, app, TURN_EVENTS, { turnId: turn.id });
  const reader = new TurnText();
  while (reader.text === '') reader.take((await events.next()).turnEvents);
  return { externalId, turnId: turn.id as string, place, events, reader };
}

describe('cancelling a turn in the middle of its reply', () => {
  it('closes the request to the model', async () => {
    const { turnId } = await startTalking('Stop the model');
    await cancel({ turnId });
    expect(await (await app.model.received('Stop the model')).ended).toBe('left');
  });

  it('keeps what was said, and tells its readers', async () => {
    const { turnId, events, reader } = await startTalking('Keep it');
    await cancel({ turnId });
    const { types, text } = await readToEnd(events, reader);
    expect([types.at(-1), text]).toEqual(['TurnCancelled', 'One ']);
    expect(await findTurn(app, turnId)).toMatchObject({ status: 'CANCELLED', error: null, reply: { text: 'One ' } });
  });

  it('estimates what it cost', async () => {
    const { turnId, events, reader } = await startTalking('What did it cost?');
    await cancel({ turnId });
    await readToEnd(events, reader);
    const { turn } = await app.query(
      'query ($id: ID!) { turn(id: $id) { usage { inputTokens outputTokens exact } } }',
      { id: turnId },
    );
    expect(turn.usage).toEqual({ inputTokens: expect.any(Number), outputTokens: 2, exact: false });
  });

  it('lets the next turn run', async () => {
    const { turnId, externalId } = await startTalking('Make room');
    const next = await send(app, 'Next', { identity: { externalId } });
    await cancel({ turnId });
    const reader = await readToEnd(await subscribe(app, app, TURN_EVENTS, { turnId: next.turn.id }), new TurnText());
    expect(reader.text).toBe('Echo: Next');
  });

  it('is possible by the id the sender gave the message', async () => {
    const { externalId, events, reader } = await startTalking('Mine', { clientMessageId: 'message-1' });
    const message = { identity: { externalId }, channel: { key: 'web' }, clientMessageId: 'message-1' };
    expect((await cancel({ message })).__typename).toBe('CancelTurnPayload');
    expect((await readToEnd(events, reader)).types.at(-1)).toBe('TurnCancelled');
  });

  it('may be asked for many times at once', async () => {
    const { turnId, events, reader } = await startTalking('Stop stop stop');
    const answers = await Promise.all(Array.from({ length: 10 }, () => cancel({ turnId })));
    expect(new Set(answers.map(({ __typename }) => __typename))).toEqual(new Set(['CancelTurnPayload']));
    const { types } = await readToEnd(events, reader);
    expect(types.filter((type) => type === 'TurnCancelled')).toHaveLength(1);
  });

  it('is possible at another server', async () => {
    const { turnId, events, reader } = await startTalking('Far away');
    await mutate(app.elsewhere(), 'cancelTurn', { turnId });
    expect((await readToEnd(events, reader)).types.at(-1)).toBe('TurnCancelled');
  });
});

describe('cancelling a turn that waits', () => {
  it('ends it before the model is called, and tells its readers', async () => {
    const { externalId, place } = await startTalking('First');
    const { turn } = await send(app, 'Never asked', { identity: { externalId } });
    const events = await subscribe(app, app, TURN_EVENTS, { turnId: turn.id });
    expect((await cancel({ turnId: turn.id })).turn).toEqual({ id: turn.id, status: 'CANCELLED' });
    expect((await readToEnd(events, new TurnText())).types).toEqual(['TurnCancelled']);
    place.release();
    const after = await send(app, 'After', { identity: { externalId } });
    await readToEnd(await subscribe(app, app, TURN_EVENTS, { turnId: after.turn.id }), new TurnText());
    expect(app.model.calls('Never asked')).toBe(0);
    expect(await findTurn(app, turn.id)).toMatchObject({ status: 'CANCELLED', reply: null });
  });

  it('leaves the one that runs as it is', async () => {
    const { externalId, place, events, reader } = await startTalking('Undisturbed');
    const { turn } = await send(app, 'Waiting', { identity: { externalId } });
    await cancel({ turnId: turn.id });
    place.release();
    const { types, text } = await readToEnd(events, reader);
    expect([types.at(-1), text]).toEqual(['TurnCompleted', 'One two']);
  });

  it('is possible at once after sending', async () => {
    const externalId = await someone(app);
    const place = hold();
    app.model.when(/^At once/, reply.text(place, 'too late'));
    for (let number = 0; number < 20; number += 1) {
      const { turn } = await send(app, `At once ${number}`, { identity: { externalId } });
      await cancel({ turnId: turn.id });
      const { types } = await readToEnd(await subscribe(app, app, TURN_EVENTS, { turnId: turn.id }), new TurnText());
      expect(types.at(-1)).toBe('TurnCancelled');
    }
    place.release();
  });
});

describe('cancelling a turn that has ended', () => {
  it('leaves it as it is', async () => {
    const { turn } = await send(app, 'Hello', { identity: { externalId: await someone(app) } });
    await readToEnd(await subscribe(app, app, TURN_EVENTS, { turnId: turn.id }), new TurnText());
    expect((await cancel({ turnId: turn.id })).turn).toEqual({ id: turn.id, status: 'COMPLETED' });
    expect((await findTurn(app, turn.id)).reply.text).toBe('Echo: Hello');
  });

  it('leaves a cancelled one as it is', async () => {
    const { turnId, events, reader } = await startTalking('Twice');
    await cancel({ turnId });
    await readToEnd(events, reader);
    expect((await cancel({ turnId })).turn.status).toBe('CANCELLED');
  });
});

describe('leaving', () => {
  it('does not cancel: a turn goes on without readers', async () => {
    const place = hold();
    app.model.when('Go on', reply.text('One ', place, 'two'));
    const origin = await app.origin();
    const externalId = await someone(app);
    const stream = new BlockReader(await openStream(app, streamPath(externalId, 'Go on'), { origin }));
    await stream.next();
    await stream.next();
    await stream.leave();
    place.release();
    expect(await (await app.model.received('Go on')).ended).toBe('answered');
  });
});
