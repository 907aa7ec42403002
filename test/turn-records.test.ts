import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { startTestApp } from './support/app.ts';
import { prepareDemo, send } from './support/demo.ts';
import { mutate } from './support/mutate.ts';
import { hold, reply } from './support/scripted-model.ts';
import { subscribe } from './support/subscription.ts';
import { someone } from './support/talk.ts';

const app = await startTestApp();

beforeAll(() => prepareDemo(app));

const TURN = `query ($id: ID!) { turn(id: $id) {
  id status model clientMessageId instructionsVersion createdAt startedAt firstTokenAt finishedAt
  message { role text metadata turn { id } } reply { role text stage { key } }
  stage { key } assistant { id name } error { code message }
  usage { inputTokens outputTokens exact }
  prompt { instructions messages { role content } hash }
} }`;

/** Says something and returns the turn once it has ended. */
async function turnOf(text: string, more: Record<string, unknown> = {}) {
  const { turn } = await send(app, text, more);
  const events = await subscribe(app, app, 'subscription ($id: ID!) { turnEvents(turnId: $id) { cursor } }', {
    id: turn.id,
  });
  while ((await events.next()) !== undefined);
  return (await app.query(TURN, { id: turn.id })).turn;
}

describe('the prompt of a turn', () => {
  it('is what the model received, byte for byte, with the history', async () => {
    const identity = { externalId: await someone(app) };
    await turnOf('My name is "Ada" \\ <b>é\u2028</b> 👩‍🚀', { identity });
    app.model.when('And this one fails', reply.status(400));
    await turnOf('And this one fails', { identity });
    const { prompt } = await turnOf('What do you know?', { identity });
    const { body } = await app.model.received('What do you know?');
    expect(JSON.stringify(prompt.messages)).toBe(JSON.stringify(body.messages));
    expect(prompt.messages.map(({ role }: { role: string }) => role)).toEqual([
      'system',
      'user',
      'assistant',
      'user',
      'user',
    ]);
    expect(prompt.instructions).toBe(body.messages[0]?.content);
    expect(prompt.hash).toBe(createHash('sha256').update(JSON.stringify(body.messages)).digest('hex'));
  });

  it('stays what it was when everything it was made of has changed', async () => {
    const identity = { externalId: await someone(app) };
    const before = await turnOf('Remember this prompt', { identity });
    await mutate(app, 'upsertIdentity', { identity, name: 'Renamed' });
    await mutate(app, 'remember', { identity, key: 'new', value: 1 });
    await mutate(app, 'updateAssistant', {
      id: before.assistant.id,
      instructions: 'All is different for {{identity.name}}.',
    });
    const after = await turnOf('Another prompt', { identity });
    expect((await app.query(TURN, { id: before.id })).turn.prompt).toEqual(before.prompt);
    expect(after.prompt.instructions).toContain('All is different for Renamed.');
    expect(after.instructionsVersion).toBe(before.instructionsVersion + 1);
  });

  it('is what was sent first when tools were called', async () => {
    const calls = [{ name: 'remember', arguments: { key: 'a', value: 1 } }];
    app.model.when('Use a tool', reply.toolCalls(...calls), reply.text('Done'));
    const { prompt } = await turnOf('Use a tool');
    const { body } = await app.model.received('Use a tool', 1);
    expect(JSON.stringify(prompt.messages)).toBe(JSON.stringify(body.messages));
  });
});

describe('the usage of a turn', () => {
  it('is exact when the endpoint counts', async () => {
    app.model.when('Count', reply.withUsage({ inputTokens: 123, outputTokens: 45 }, 'One', ' two'));
    expect((await turnOf('Count')).usage).toEqual({ inputTokens: 123, outputTokens: 45, exact: true });
  });

  it('adds up the requests of a turn with tools', async () => {
    const calls = [{ name: 'remember', arguments: { key: 'b', value: 1 } }];
    app.model.when(
      'Count with tools',
      reply.toolCalls(...calls),
      reply.withUsage({ inputTokens: 20, outputTokens: 3 }, 'Done'),
    );
    expect((await turnOf('Count with tools')).usage).toEqual({ inputTokens: 30, outputTokens: 4, exact: true });
  });

  it('is estimated when the endpoint does not count', async () => {
    app.model.when('Do not count', reply.withUsage(null, 'One', ' two', ' three'));
    const { usage } = await turnOf('Do not count');
    expect(usage).toEqual({ inputTokens: expect.any(Number), outputTokens: 3, exact: false });
    expect(usage.inputTokens).toBeGreaterThan(10);
  });

  it('is estimated for a turn that was cancelled', async () => {
    const place = hold();
    app.model.when('Cancel and count', reply.text('One', ' two', place, ' three'));
    const { turn } = await send(app, 'Cancel and count');
    const events = await subscribe(
      app,
      app,
      'subscription ($id: ID!) { turnEvents(turnId: $id) { ... on TurnTokens { text } } }',
      { id: turn.id },
    );
    let text = '';
    while (text !== 'One two') text += (await events.next()).turnEvents.text ?? '';
    await mutate(app, 'cancelTurn', { turnId: turn.id });
    while ((await events.next()) !== undefined);
    const cancelled = (await app.query(TURN, { id: turn.id })).turn;
    expect(cancelled.usage).toEqual({ inputTokens: expect.any(Number), outputTokens: 2, exact: false });
    expect(cancelled.reply).toMatchObject({ text: 'One two' });
    place.release();
  });
});

describe('a turn', () => {
  it('is pinned to the stage, the assistant and the version it began with', async () => {
    const externalId = await someone(app);
    const identity = { externalId };
    await mutate(app, 'assignStage', { identity, stage: { key: 'onboarding' } });
    const turn = await turnOf('Pin me', { identity });
    await mutate(app, 'assignStage', { identity, stage: { key: 'considering' } });
    const later = (await app.query(TURN, { id: turn.id })).turn;
    expect(later).toMatchObject({
      stage: { key: 'onboarding' },
      reply: { stage: { key: 'onboarding' } },
      assistant: { name: 'Guide' },
    });
    expect((await turnOf('Pin me again', { identity })).stage).toEqual({ key: 'considering' });
  });

  it('keeps its message, its reply, its model and its times in order', async () => {
    const turn = await turnOf('Keep me', { metadata: { page: '/start' }, clientMessageId: 'kept' });
    expect(turn).toMatchObject({
      ...{ status: 'COMPLETED', model: 'scripted', clientMessageId: 'kept', error: null },
      message: { role: 'USER', text: 'Keep me', metadata: { page: '/start' }, turn: { id: turn.id } },
      reply: { role: 'ASSISTANT', text: 'Echo: Keep me' },
    });
    const times = [turn.createdAt, turn.startedAt, turn.firstTokenAt, turn.finishedAt].map((time) => Date.parse(time));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('says why it failed, and has no reply then', async () => {
    app.model.when('Fail', reply.status(401));
    const turn = await turnOf('Fail');
    expect(turn).toMatchObject({
      status: 'FAILED',
      reply: null,
      error: { code: 'MODEL_UNAUTHORIZED', message: expect.any(String) },
    });
    expect(turn.firstTokenAt).toBeNull();
    expect(turn.prompt.messages.at(-1)).toEqual({ role: 'user', content: 'Fail' });
  });

  it('has nothing of a reply while it waits', async () => {
    const identity = { externalId: await someone(app) };
    const place = hold();
    app.model.when('Block the way', reply.text(place, 'Go on'));
    await send(app, 'Block the way', { identity });
    const { turn } = await send(app, 'Wait here', { identity });
    await place.reached;
    expect((await app.query(TURN, { id: turn.id })).turn).toMatchObject({
      ...{ status: 'QUEUED', reply: null, prompt: null, usage: null, error: null, model: null },
      ...{ startedAt: null, firstTokenAt: null, finishedAt: null },
    });
    place.release();
  });
});
