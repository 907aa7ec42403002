import { describe, expect, it, vi } from 'vitest';
import { startTestApp } from './support/app.ts';
import { prepareDemo } from './support/demo.ts';
import { mutate, pathsOf } from './support/mutate.ts';
import { reply } from './support/scripted-reply.ts';
import { subscribe } from './support/subscription.ts';

const app = await startTestApp();
const { workerId } = await prepareDemo(app);
await app.origin();
for (const name of ['Quiet', 'Idle']) await mutate(app, 'createStage', { name });

const EFFECTS = `effects {
  ... on OpeningMessage { channel { key } text } ... on MoveAfter { seconds stage { key } } ... on Webhook { url secretSet }
}`;
const configure = (key: string, ...effects: object[]) =>
  mutate(app, 'updateStage', { stage: { key }, effects }, `stage { ${EFFECTS} }`);
const create = (name: string, ...effects: object[]) =>
  mutate(app, 'createStage', { name, effects }, `stage { ${EFFECTS} }`);
const arrive = (externalId: string) => mutate(app, 'upsertIdentity', { identity: { externalId }, name: 'Bo' });
const assign = (externalId: string, key: string) =>
  mutate(app, 'assignStage', { identity: { externalId }, stage: { key } }, 'identity { id }');
const say = (externalId: string, text: string) => app.rest('POST', `/conversation/${externalId}/chat/web`, { text });

const FOLLOW = `subscription ($identity: IdentityReference) { stageTransitions(identity: $identity) {
  id fromStage { key } toStage { key } cause depth turnId causedBy { id } createdAt
} }`;
const follow = async (externalId: string) => {
  const moves = await subscribe(app, app, FOLLOW, { identity: { externalId } });
  return { ...moves, next: async () => (await moves.next()).stageTransitions };
};

/** What was said to somebody on the channel `web`. */
const said = async (externalId: string) => {
  const { identity } = await app.query(
    `query ($by: IdentityReference!) { identity(by: $by) { conversations { edges { node { id messages { edges { node {
      role text stage { key } turn { id } transition { id toStage { key } }
    } } } } } } } }`,
    { by: { externalId } },
  );
  const [conversation] = identity.conversations.edges;
  // biome-ignore lint/suspicious/noExplicitAny: as GraphQL answered
  return (conversation?.node.messages.edges ?? []).map(({ node }: any) => node);
};

const openingMessage = (text: string) => ({ openingMessage: { channel: { key: 'web' }, text } });
const moveAfter = (seconds: number, key: string) => ({ moveAfter: { seconds, stage: { key } } });

describe('effects', () => {
  it('are shown as they were configured', async () => {
    const { stage } = await create('Shown', openingMessage('Hi {{identity.name}}'), moveAfter(60, 'idle'));
    expect(stage.effects).toEqual([
      { channel: { key: 'web' }, text: 'Hi {{identity.name}}' },
      { seconds: 60, stage: { key: 'idle' } },
    ]);
  });

  it('stay when they are omitted and go when they are null', async () => {
    await create('Kept', moveAfter(60, 'idle'));
    const renamed = await mutate(
      app,
      'updateStage',
      { stage: { key: 'kept' }, name: 'Renamed' },
      `stage { ${EFFECTS} }`,
    );
    expect(renamed.stage.effects).toHaveLength(1);
    const cleared = await mutate(app, 'updateStage', { stage: { key: 'kept' }, effects: null }, `stage { ${EFFECTS} }`);
    expect(cleared.stage.effects).toEqual([]);
  });

  it.each([
    [
      'an unknown channel',
      [{ openingMessage: { channel: { key: 'none' }, text: 'Hi' } }],
      'effects.0.openingMessage.channel',
    ],
    ['an unknown stage', [moveAfter(1, 'none')], 'effects.0.moveAfter.stage'],
    ['the stage itself', [moveAfter(1, 'quiet')], 'effects.0.moveAfter.stage'],
    ['no time', [moveAfter(0, 'idle')], 'effects.0.moveAfter.seconds'],
    ['two moves', [moveAfter(1, 'idle'), moveAfter(2, 'idle')], 'effects.1.moveAfter'],
    ['two messages on one channel', [openingMessage('One'), openingMessage('Two')], 'effects.1.openingMessage'],
  ])('are refused with %s', async (_what, effects, path) => {
    expect(pathsOf(await configure('quiet', ...effects))).toEqual([path]);
  });

  it('are refused with a template that does not compile, by line and column', async () => {
    const { issues } = await configure('quiet', openingMessage('Hello\n{{#if identity.name}} there'));
    expect(issues).toEqual([
      { path: 'effects.0.openingMessage.text', message: expect.stringMatching(/^line 2, column \d+: /) },
    ]);
  });

  it('are written and shown by REST in its own words', async () => {
    const effects = [
      { opening_message: { channel_id: 'web', text: 'Hi' } },
      { move_after: { seconds: 5, stage_id: 'idle' } },
    ];
    const { status, body } = await app.rest('POST', '/stages', { name: 'By REST', effects });
    expect(status).toBe(201);
    expect(body.data.effects).toEqual([
      { opening_message: { channel_id: expect.stringMatching(/^chn_/), text: 'Hi' } },
      { move_after: { seconds: 5, stage_id: expect.stringMatching(/^stg_/) } },
    ]);
    const wrong = await app.rest('PUT', '/stages/by_rest', {
      effects: [{ move_after: { seconds: 5, stage_id: 'none' } }],
    });
    expect(pathsOf(wrong.body)).toEqual(['effects.0.move_after.stage_id']);
  });
});

describe('the assistant of a stage', () => {
  it('answers while an identity is in it', async () => {
    const { assistant } = await mutate(
      app,
      'createAssistant',
      { workerId, name: 'Other', instructions: 'You are the other one.' },
      'assistant { id }',
    );
    await mutate(app, 'updateStage', { stage: { key: 'quiet' }, assistantId: assistant.id });
    await arrive('answered');
    await assign('answered', 'quiet');
    await say('answered', 'Who answers?');
    const { body } = await app.model.received('Who answers?');
    expect(body.messages?.[0]?.content).toContain('You are the other one.');
    await assign('answered', 'onboarding');
    await say('answered', 'And now?');
    expect((await app.model.received('And now?')).body.messages?.[0]?.content).toContain('who is in onboarding');
  });
});

describe('an opening message', () => {
  it('is sent into a conversation of its own, outside any turn', async () => {
    await create('Greeting', openingMessage('Welcome to {{identity.stage_name}}, {{identity.name}}!'));
    await arrive('greeted');
    await assign('greeted', 'greeting');
    // Nobody can follow a conversation that is not there yet.
    await vi.waitFor(async () => expect(await said('greeted')).toHaveLength(1), { timeout: 10_000 });
    expect(await said('greeted')).toEqual([
      {
        role: 'ASSISTANT',
        text: 'Welcome to Greeting, Bo!',
        stage: { key: 'greeting' },
        turn: null,
        transition: { id: expect.stringMatching(/^trs_/), toStage: { key: 'greeting' } },
      },
    ]);
  });

  it('is what the assistant said first to whoever answers it', async () => {
    await create('Asking', openingMessage('What brings you here?'));
    await arrive('answering');
    await assign('answering', 'asking');
    await vi.waitFor(async () => expect(await said('answering')).toHaveLength(1), { timeout: 10_000 });
    await say('answering', 'A question of mine');
    const { body } = await app.model.received('A question of mine');
    expect(body.messages?.slice(1).map(({ content }) => content)).toEqual([
      'What brings you here?',
      'A question of mine',
    ]);
  });

  it('is told to those who follow the conversation, and stands in the next prompt', async () => {
    await create('Checking in', openingMessage('How is it going?'));
    await arrive('talker');
    await say('talker', 'First');
    const conversationId = (
      await app.query('{ identity(by: { externalId: "talker" }) { conversations { edges { node { id } } } } }')
    ).identity.conversations.edges[0].node.id;
    const events = await subscribe(
      app,
      app,
      `subscription ($id: ID!) { conversationEvents(conversationId: $id) {
        __typename ... on MessageReceived { turnId message { text role } }
      } }`,
      { id: conversationId },
    );
    expect((await events.next()).conversationEvents.__typename).toBe('ConversationSnapshot');
    await assign('talker', 'checking_in');
    expect((await events.next()).conversationEvents).toEqual({
      __typename: 'MessageReceived',
      turnId: null,
      message: { text: 'How is it going?', role: 'ASSISTANT' },
    });
    await events.leave();
    app.model.when('Fine', reply.text('Good.'));
    await say('talker', 'Fine');
    const { body } = await app.model.received('Fine');
    expect(body.messages?.slice(1).map(({ role, content }) => [role, content])).toEqual([
      ['user', 'First'],
      ['assistant', 'Echo: First'],
      ['assistant', 'How is it going?'],
      ['user', 'Fine'],
    ]);
    expect((await said('talker')).map(({ text }: { text: string }) => text)).toEqual([
      'First',
      'Echo: First',
      'How is it going?',
      'Fine',
      'Good.',
    ]);
  });
});

describe('a move after a time', () => {
  it('moves whoever says nothing, as the effect of the move before', async () => {
    await create('Fleeting', moveAfter(1, 'idle'));
    await arrive('silent');
    const moves = await follow('silent');
    await assign('silent', 'fleeting');
    const first = await moves.next();
    const second = await moves.next();
    await moves.leave();
    expect(first).toMatchObject({ toStage: { key: 'fleeting' }, cause: 'API', depth: 0, causedBy: null });
    expect(second).toMatchObject({
      toStage: { key: 'idle' },
      cause: 'RULE',
      depth: 1,
      causedBy: { id: first.id },
      turnId: null,
    });
    expect(Date.parse(second.createdAt) - Date.parse(first.createdAt)).toBeGreaterThanOrEqual(1000);
  });

  it('counts from the latest message of the identity', async () => {
    await create('Patient', moveAfter(2, 'idle'));
    await arrive('chatty');
    const moves = await follow('chatty');
    await assign('chatty', 'patient');
    await moves.next();
    const { body } = await say('chatty', 'Wait for me');
    const sent = await app.query('query ($id: ID!) { turn(id: $id) { createdAt } }', { id: body.data.turn_id });
    const moved = await moves.next();
    await moves.leave();
    expect(Date.parse(moved.createdAt) - Date.parse(sent.turn.createdAt)).toBeGreaterThanOrEqual(2000);
  });

  it('does not happen to somebody who has left and come back: the time begins anew', async () => {
    await create('Revisited', moveAfter(2, 'idle'));
    await arrive('returning');
    const moves = await follow('returning');
    for (const key of ['revisited', 'quiet', 'revisited']) await assign('returning', key);
    const told = [];
    for (let nth = 0; nth < 4; nth += 1) told.push(await moves.next());
    await moves.leave();
    expect(told.map(({ toStage }) => toStage.key)).toEqual(['revisited', 'quiet', 'revisited', 'idle']);
    expect(told[3].causedBy).toEqual({ id: told[2].id });
  });

  it('cuts a chain after five', async () => {
    await create('Ping');
    await create('Pong', moveAfter(1, 'ping'));
    await configure('ping', moveAfter(1, 'pong'));
    await arrive('looping');
    const moves = await follow('looping');
    await assign('looping', 'ping');
    const told = [];
    for (let nth = 0; nth < 6; nth += 1) told.push(await moves.next());
    expect(told.map(({ depth }) => depth)).toEqual([0, 1, 2, 3, 4, 5]);
    // A move that is asked for begins a new chain, and comes before any that an uncut one would make.
    await assign('looping', 'ping');
    expect(await moves.next()).toMatchObject({ depth: 0, cause: 'API' });
    await moves.leave();
  });

  it('happens although the database has cut every connection', async () => {
    await create('Enduring', moveAfter(3, 'idle'));
    await arrive('survivor');
    await assign('survivor', 'enduring');
    await app.database.db.$queryRaw`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`;
    const moves = await follow('survivor');
    expect(await moves.next()).toMatchObject({ toStage: { key: 'idle' }, cause: 'RULE' });
    await moves.leave();
  });

  it('does nothing to an identity that was erased', async () => {
    await create('Forgotten', moveAfter(1, 'idle'), openingMessage('Are you there?'));
    await arrive('erased');
    await assign('erased', 'forgotten');
    await mutate(app, 'deleteIdentity', { identity: { externalId: 'erased' } });
    await arrive('bystander');
    const moves = await follow('bystander');
    await assign('bystander', 'forgotten');
    await moves.next();
    expect(await moves.next()).toMatchObject({ toStage: { key: 'idle' } });
    await moves.leave();
  });
});
