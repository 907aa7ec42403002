import { beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from './support/app.ts';
import { prepareDemo, send } from './support/demo.ts';
import { hold, reply } from './support/scripted-model.ts';
import { someone } from './support/talk.ts';
import { readTurn } from './support/turn-readers.ts';

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp();
  await prepareDemo(app);
});

const newcomer = async () => ({ externalId: await someone(app) });

const read = ({ turn, cursor }: { turn: { id: string }; cursor: string }) =>
  readTurn(app, { turnId: turn.id, after: cursor });

describe('a message that is sent again under the same client message id', () => {
  it('is answered with the same turn, and the model is called once', async () => {
    const identity = await newcomer();
    const first = await send(app, 'Once', { identity, clientMessageId: '1' });
    await read(first);
    const second = await send(app, 'Once', { identity, clientMessageId: '1' });
    expect([second.turn.id, second.message.id]).toEqual([first.turn.id, first.message.id]);
    expect(app.model.calls('Once')).toBe(1);
  });

  it('is answered with the stream from its beginning', async () => {
    const identity = await newcomer();
    const first = await send(app, 'Tell me again', { identity, clientMessageId: '1' });
    await read(first);
    const again = await read(await send(app, 'Tell me again', { identity, clientMessageId: '1' }));
    expect(again).toMatchObject({ text: 'Echo: Tell me again', types: ['TurnStarted', 'TurnTokens', 'TurnCompleted'] });
  });

  it('is answered with the stream also when the server has forgotten it', async () => {
    const identity = await newcomer();
    const first = await send(app, 'Long ago', { identity, clientMessageId: '1' });
    await read(first);
    const conversation = first.turn.conversation.id;
    const elsewhere = app.elsewhere();
    const again = await send(elsewhere, 'Long ago', { identity, clientMessageId: '1' });
    expect(again.turn.conversation.id).toBe(conversation);
    expect(await read(again)).toMatchObject({ text: 'Echo: Long ago', types: ['StreamGap', 'TurnCompleted'] });
  });

  it('is attached to the turn while it runs', async () => {
    const place = hold();
    app.model.when('Attach', reply.text('One ', place, 'two'));
    const identity = await newcomer();
    await send(app, 'Attach', { identity, clientMessageId: '1' });
    await place.reached;
    const again = read(await send(app, 'Attach', { identity, clientMessageId: '1' }));
    place.release();
    expect((await again).text).toBe('One two');
    expect(app.model.calls('Attach')).toBe(1);
  });

  it.each(['REJECT', 'INTERRUPT'])('is attached to the turn also with %s', async (whenBusy) => {
    const message = `Attach with ${whenBusy}`;
    const place = hold();
    app.model.when(message, reply.text('One ', place, 'two'));
    const identity = await newcomer();
    await send(app, message, { identity, clientMessageId: '1', whenBusy });
    await place.reached;
    const again = read(await send(app, message, { identity, clientMessageId: '1', whenBusy }));
    place.release();
    expect((await again).text).toBe('One two');
  });

  it('is refused when the text is another', async () => {
    const identity = await newcomer();
    await send(app, 'This', { identity, clientMessageId: '1' });
    const refused = await send(app, 'That', { identity, clientMessageId: '1' });
    expect(refused).toMatchObject({ __typename: 'ConflictError', code: 'IDEMPOTENCY_KEY_REUSED' });
    expect(app.model.calls('That')).toBe(0);
  });

  it('is refused when the metadata is other', async () => {
    const identity = await newcomer();
    await send(app, 'This', { identity, clientMessageId: '1', metadata: { from: 'here' } });
    const refused = await send(app, 'This', { identity, clientMessageId: '1', metadata: { from: 'there' } });
    expect(refused).toMatchObject({ __typename: 'ConflictError', code: 'IDEMPOTENCY_KEY_REUSED' });
  });

  it('is refused also while the conversation is busy', async () => {
    const place = hold();
    app.model.when('Busy', reply.text(place));
    const identity = await newcomer();
    await send(app, 'Busy', { identity, clientMessageId: '1' });
    const refused = await send(app, 'Other', { identity, clientMessageId: '1', whenBusy: 'REJECT' });
    expect(refused.code).toBe('IDEMPOTENCY_KEY_REUSED');
    place.release();
  });

  it('is another message in another conversation', async () => {
    const one = await send(app, 'Mine', { identity: await newcomer(), clientMessageId: '1' });
    const other = await send(app, 'Mine', { identity: await newcomer(), clientMessageId: '1' });
    expect(other.turn.id).not.toBe(one.turn.id);
  });
});

describe('fifty racing sends under one client message id', () => {
  it.each(['QUEUE', 'REJECT', 'INTERRUPT'])('make one turn with %s', async (whenBusy) => {
    const identity = await newcomer();
    const message = `Race with ${whenBusy}`;
    const racers = Array.from({ length: 50 }, () => send(app, message, { identity, clientMessageId: '1', whenBusy }));
    const answers = await Promise.all(racers);
    expect(new Set(answers.map(({ turn }) => turn?.id)).size).toBe(1);
    expect((await read(answers[0])).text).toBe(`Echo: ${message}`);
    expect(app.model.calls(message)).toBe(1);
    const turns = await app.database.db.turn.findMany({ where: { conversation: { identity } } });
    expect(turns.map(({ number }) => number)).toEqual([1]);
  });
});
