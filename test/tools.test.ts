import { describe, expect, it } from 'vitest';
import { startTestApp } from './support/app.ts';
import { prepareDemo, send } from './support/demo.ts';
import { mutate } from './support/mutate.ts';
import { reply } from './support/scripted-model.ts';
import { readTurn } from './support/turn-readers.ts';

const app = await startTestApp();
const { assistantId } = await prepareDemo(app);
const ada = { externalId: 'ada' };

/** Lets the model make one call when it hears a text, and returns what it was answered. */
async function answerTo(text: string, name: string, input: unknown): Promise<unknown> {
  app.model.when(text, reply.toolCalls({ name, arguments: input as object }), reply.text('Done.'));
  const { status } = await app.rest('POST', '/conversation/ada/chat/web', { text });
  expect(status).toBe(200);
  const { body } = await app.model.received(text, 2);
  const { messages } = body as { messages: { role: string; content: string }[] };
  return JSON.parse(messages.findLast(({ role }) => role === 'tool')?.content ?? 'null');
}

const memory = async () =>
  (await app.query('{ identity(by: { externalId: "ada" }) { memory { key value } } }')).identity.memory;

describe('a tool', () => {
  it('remembers a fact', async () => {
    expect(await answerTo('I like blue', 'remember', { key: 'preferences.colour', value: 'blue' })).toEqual({
      remembered: 'preferences.colour',
    });
    expect(await memory()).toEqual([{ key: 'preferences.colour', value: 'blue' }]);
  });

  it('forgets a fact, and says whether there was one', async () => {
    expect(await answerTo('Forget the colour', 'forget', { key: 'preferences.colour' })).toEqual({ forgotten: true });
    expect(await answerTo('Forget it again', 'forget', { key: 'preferences.colour' })).toEqual({ forgotten: false });
    expect(await memory()).toEqual([]);
  });

  it('moves the identity, who is told so in the stream', async () => {
    await mutate(app, 'assignStage', { identity: ada, stage: { key: 'onboarding' } });
    expect(await answerTo('I compare', 'move_to_stage', { stage: 'considering' })).toEqual({ stage: 'considering' });
    const { identity } = await app.query('{ identity(by: { externalId: "ada" }) { stage { key } } }');
    expect(identity.stage.key).toBe('considering');
  });

  it('that moves nobody is not told of as a move', async () => {
    await mutate(app, 'assignStage', { identity: ada, stage: { key: 'considering' } });
    const call = { name: 'move_to_stage', arguments: { stage: 'considering' } };
    app.model.when('I still compare', reply.toolCalls(call), reply.text('Done.'));
    const { turn, cursor } = await send(app, 'I still compare');
    const { types } = await readTurn(app, { turnId: turn.id, after: cursor });
    expect(types).toEqual(['TurnStarted', 'TurnToolCalled', 'TurnTokens', 'TurnCompleted']);
  });

  it('to move is offered only where the assistant may', async () => {
    const offered = async (text: string) => {
      await app.rest('POST', '/conversation/ada/chat/web', { text });
      const { body } = await app.model.received(text, 1);
      return (body as { tools: { function: { name: string } }[] }).tools.map((tool) => tool.function.name);
    };
    expect(await offered('With')).toEqual(['remember', 'forget', 'move_to_stage']);
    await mutate(app, 'updateAssistant', { id: assistantId, movesStages: false });
    expect(await offered('Without')).toEqual(['remember', 'forget']);
    await mutate(app, 'updateAssistant', { id: assistantId, movesStages: true });
  });
});

describe('a bad call', () => {
  it.each([
    ['without a key', 'remember', { value: 1 }, /key/],
    ['with a key that is none', 'remember', { key: 'no key!', value: 1 }, /key/],
    ['with a value that is too large', 'remember', { key: 'large', value: 'x'.repeat(20_000) }, /value/],
    ['with a confidence above one', 'remember', { key: 'sure', value: 1, confidence: 7 }, /confidence/],
    ['to a stage that is none', 'move_to_stage', { stage: 'nowhere' }, /stage/],
    ['of a tool that is none', 'delete_everything', {}, /no tool/],
  ])('%s is answered to the model, and the turn goes on', async (what, name, input, said) => {
    const before = await memory();
    expect(await answerTo(`Try ${what}`, name, input)).toEqual({ error: expect.stringMatching(said) });
    expect(await memory()).toEqual(before);
  });
});

describe('deleteIdentity', () => {
  it('leaves nothing behind that any door shows', async () => {
    await mutate(app, 'upsertIdentity', { identity: { externalId: 'eve' } });
    const { turn, message, cursor } = await send(app, 'My secret', { identity: { externalId: 'eve' } });
    const conversationId = turn.conversation.id;
    await app.rest('POST', '/conversation/eve/chat/web', { text: 'Another' });
    const { erasure } = await mutate(
      app,
      'deleteIdentity',
      { identity: { externalId: 'eve' } },
      'erasure { identityId messages }',
    );
    expect(erasure.messages).toBe(4);
    const { data } = await app.execute(
      `query ($ids: [ID!]!, $conversation: ID!, $turn: ID!) {
        nodes(ids: $ids) { id } conversation(id: $conversation) { id } turn(id: $turn) { id } identity(by: { externalId: "eve" }) { id }
      }`,
      { ids: [turn.id, message.id, conversationId, erasure.identityId], conversation: conversationId, turn: turn.id },
    );
    expect(data).toEqual({ nodes: [null, null, null, null], conversation: null, turn: null, identity: null });
    expect((await app.rest('GET', `/turns/${turn.id}/events?after=${cursor}`)).status).toBe(404);
    expect((await app.rest('GET', '/memory/from/eve')).status).toBe(404);
    expect(JSON.stringify(await app.database.db.prompt.findMany())).not.toContain('"external_id":"eve"');
  });
});
