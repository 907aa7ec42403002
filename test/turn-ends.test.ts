import { pino } from 'pino';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Services } from '../src/context.ts';
import type { Prisma } from '../src/generated/prisma/client.ts';
import { NO_TELEMETRY } from '../src/telemetry/telemetry.ts';
import { MemoryEventLog } from '../src/turns/memory-event-log.ts';
import { takeOverAbandoned } from '../src/turns/takeover.ts';
import { startTestApp, type TestApp } from './support/app.ts';
import { prepareDemo, send } from './support/demo.ts';
import { mutate } from './support/mutate.ts';
import { hold, reply } from './support/scripted-model.ts';
import { subscribe } from './support/subscription.ts';
import { findTurn, someone } from './support/talk.ts';
import { readTurn, TURN_EVENTS, TurnText } from './support/turn-readers.ts';

let app: TestApp;
let assistantId: string;

beforeAll(async () => {
  app = await startTestApp();
  ({ assistantId } = await prepareDemo(app));
});

/** Says something as somebody new and follows the turn to its end. */
async function converse(message: string, externalId?: string) {
  const { turn } = await send(app, message, { identity: { externalId: externalId ?? (await someone(app)) } });
  return { turnId: turn.id as string, reader: await readTurn(app, { turnId: turn.id }) };
}

describe('a turn', () => {
  it('keeps what it ran with also when the model says nothing', async () => {
    app.model.when('Be silent', reply.text());
    const { turnId, reader } = await converse('Be silent');
    expect(reader.types).toEqual(['TurnStarted', 'TurnCompleted']);
    const { turn } = await app.query(
      'query ($id: ID!) { turn(id: $id) { model assistant { id } prompt { messages { role content } } } }',
      { id: turnId },
    );
    expect(turn).toMatchObject({ model: 'scripted', assistant: { id: assistantId } });
    expect(turn.prompt.messages.at(-1)).toEqual({ role: 'user', content: 'Be silent' });
  });

  it('keeps what it ran with also when the model fails', async () => {
    app.model.when('Fail', reply.status(400));
    const { turnId } = await converse('Fail');
    const { turn } = await app.query('query ($id: ID!) { turn(id: $id) { status prompt { hash } } }', { id: turnId });
    expect(turn).toEqual({ status: 'FAILED', prompt: { hash: expect.stringMatching(/^[0-9a-f]{64}$/) } });
  });

  it('tells and keeps the same text when the model says what cannot be stored', async () => {
    app.model.when('Nothing there', reply.text('a', '\0', 'b\0c'));
    const { turnId, reader } = await converse('Nothing there');
    expect([reader.text, (await findTurn(app, turnId)).reply.text]).toEqual(['abc', 'abc']);
  });

  it('puts halves of a character together that came in two pieces', async () => {
    app.model.when('Smile', reply.text('\ud83d', '\ude00'));
    const { turnId, reader } = await converse('Smile');
    expect([reader.text, (await findTurn(app, turnId)).reply.text]).toEqual(['😀', '😀']);
  });

  it('says where instructions cannot be rendered', async () => {
    const list = '{{#each @root.identity.metadata.list}}';
    const instructions = `Hello\n  ${list.repeat(4)}x${'{{/each}}'.repeat(4)}`;
    await mutate(app, 'updateAssistant', { id: assistantId, instructions });
    const externalId = await someone(app);
    await mutate(app, 'upsertIdentity', {
      identity: { externalId },
      metadata: { list: Array.from({ length: 200 }, () => 1) },
    });
    const { turnId } = await converse('Render', externalId);
    await mutate(app, 'updateAssistant', { id: assistantId, instructions: 'Be kind.' });
    const { status, error } = await findTurn(app, turnId);
    expect([status, error.code]).toEqual(['FAILED', 'TEMPLATE_FAILED']);
    expect(error.message).toMatch(/line 2, column \d+: /);
  });
});

const FOLLOW = `subscription ($turnId: ID!, $after: String) { turnEvents(turnId: $turnId, after: $after) { __typename } }`;

describe('a turn whose end is stored, but not told yet', () => {
  it('is followed from the log, without a gap', async () => {
    const place = hold();
    app.model.when('Nearly over', reply.text('One ', place));
    const writer = await app.withPermissions('WRITE');
    const { turn, cursor } = await send(app, 'Nearly over', { identity: { externalId: await someone(app) } });
    await place.reached;
    const where = { workspaceId_id: { workspaceId: app.workspaceId, id: turn.id as string } };
    await app.database.db.turn.update({ where, data: { finishedAt: new Date() } });
    const events = await subscribe(app, writer, FOLLOW, { turnId: turn.id, after: cursor });
    expect((await events.next()).turnEvents.__typename).toBe('TurnStarted');
    await events.leave();
    place.release();
  });
});

describe('a turn whose process is dead', () => {
  /** A turn that runs and says nothing, changed so that its process seems dead; how it stands once it was taken over. */
  async function abandon(message: string, data: Prisma.TurnUpdateInput) {
    const place = hold();
    app.model.when(message, reply.text(place));
    const { turn } = await send(app, message, { identity: { externalId: await someone(app) } });
    await place.reached;
    const { db } = app.database;
    const where = { workspaceId_id: { workspaceId: app.workspaceId, id: turn.id as string } };
    await db.turn.update({ where, data: { leaseExpiresAt: new Date(0), ...data } });
    const eventLog = new MemoryEventLog({ maxBytes: 1_000_000 });
    const { position } = eventLog.state(turn.conversation.id);
    const { statements } = app.database;
    const services = { db, statements, eventLog, log: pino({ level: 'silent' }), telemetry: NO_TELEMETRY };
    await takeOverAbandoned(services as unknown as Services, () => false);
    void eventLog.close();
    const { gap } = eventLog.read(turn.conversation.id, position);
    const stored = await db.turn.findUniqueOrThrow({ where, include: { messages: { where: { role: 'ASSISTANT' } } } });
    return { ...stored, gap };
  }

  it('goes back into the queue when it has shown nothing', async () => {
    expect(await abandon('Shown nothing', {})).toMatchObject({ status: 'QUEUED', errorCode: null, gap: false });
  });

  it('ends with what it has shown, told behind a gap where the log does not know that', async () => {
    const shown = { firstTokenAt: new Date(), partialText: 'One ' };
    const messages = [{ text: 'One ' }];
    expect(await abandon('Shown something', shown)).toMatchObject({
      status: 'FAILED',
      errorCode: 'INTERRUPTED',
      messages,
      gap: true,
    });
  });

  it('ends when it was begun again and again', async () => {
    expect(await abandon('Begun again', { attempt: 3 })).toMatchObject({ status: 'FAILED', errorCode: 'INTERRUPTED' });
  });

  it('is not asked again when somebody had asked to stop it', async () => {
    const { id, status } = await abandon('Asked to stop in time', { cancelRequestedAt: new Date() });
    expect(status).toBe('QUEUED');
    const events = await subscribe(app, app, TURN_EVENTS, { turnId: id });
    const reader = new TurnText();
    while (reader.types.at(-1) !== 'TurnCancelled') reader.take((await events.next()).turnEvents);
    expect(app.model.calls('Asked to stop in time')).toBe(1);
    await events.leave();
  });

  it('ends as cancelled when that had been asked for', async () => {
    const asked = { firstTokenAt: new Date(), partialText: 'One ', cancelRequestedAt: new Date() };
    expect(await abandon('Asked to stop', asked)).toMatchObject({ status: 'CANCELLED', errorCode: null });
  });
});
