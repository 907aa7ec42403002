import { beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from './support/app.ts';
import { prepareDemo } from './support/demo.ts';
import { mutate } from './support/mutate.ts';
import { reply } from './support/scripted-model.ts';

const INSTRUCTIONS =
  'Stage {{identity.stage}}. {{#if memory.preferences.size}}Size {{memory.preferences.size}}.{{/if}}';
const STORY = `{
  identity(by: { externalId: "ada" }) {
    stage { key }
    memory { key value source confidence message { text } }
    transitions { edges { node { fromStage { key } toStage { key } cause turnId } } }
    conversations(first: 5) {
      edges {
        node {
          channel { key }
          messages { edges { node { role text stage { key } } } }
          turns { edges { node { id status stage { key } prompt { instructions } } } }
        }
      }
    }
  }
  journey {
    stages { stage { key } current entered left }
    flows { fromStage { key } toStage { key } count }
    conversion(from: { key: "onboarding" }, to: { key: "purchased" }) { entered converted rate }
  }
}`;

let app: TestApp;
// biome-ignore lint/suspicious/noExplicitAny: read by the tests below, which know its shape
let story: any;
const nodes = <Node>({ edges }: { edges: { node: Node }[] }): Node[] => edges.map(({ node }) => node);

/** Ada asks on the web, tells her size, is moved on by the assistant, writes on WhatsApp, and buys: the shop reports that. */
beforeAll(async () => {
  app = await startTestApp();
  const { workerId } = await prepareDemo(app, { instructions: INSTRUCTIONS });
  await mutate(app, 'createStage', { name: 'Purchased' });
  await mutate(app, 'createChannel', { name: 'WhatsApp', key: 'whatsapp', type: 'WHATSAPP', workerId });
  const remember = { name: 'remember', arguments: { key: 'preferences.size', value: 42, confidence: 0.9 } };
  app.model.when('My size is 42', reply.toolCalls(remember), reply.text('Noted.'));
  const move = { name: 'move_to_stage', arguments: { stage: 'considering' } };
  app.model.when('Which one is better?', reply.toolCalls(move), reply.text('The blue one.'));
  for (const text of ['Hello', 'My size is 42', 'Which one is better?']) await say('web', text);
  await say('whatsapp', 'I take the blue one');
  await mutate(app, 'assignStage', {
    identity: { externalId: 'ada' },
    stage: { key: 'purchased' },
    expectedStage: { key: 'considering' },
  });
  await say('whatsapp', 'Thank you');
  story = await app.query(STORY);
});

async function say(channel: string, text: string): Promise<void> {
  const { status } = await app.rest('POST', `/conversation/ada/chat/${channel}`, { text });
  expect(status).toBe(200);
}

describe('a journey from onboarding to purchased, read back through GraphQL alone', () => {
  it('shows who moved the identity, and by which turn', () => {
    const [web] = nodes<{ channel: { key: string }; turns: { edges: { node: { id: string } }[] } }>(
      story.identity.conversations,
    ).filter(({ channel }) => channel.key === 'web');
    expect(nodes(story.identity.transitions)).toEqual([
      { fromStage: null, toStage: { key: 'onboarding' }, cause: 'API', turnId: null },
      {
        fromStage: { key: 'onboarding' },
        toStage: { key: 'considering' },
        cause: 'ASSISTANT',
        turnId: web?.turns.edges[2]?.node.id,
      },
      { fromStage: { key: 'considering' }, toStage: { key: 'purchased' }, cause: 'API', turnId: null },
    ]);
  });

  it('shows what was remembered and where it came from', () => {
    expect(story.identity.memory).toEqual([
      {
        key: 'preferences.size',
        value: 42,
        source: 'conversation',
        confidence: 0.9,
        message: { text: 'My size is 42' },
      },
    ]);
  });

  it('shows what was said on each channel, with the stage at the time', () => {
    const conversations = nodes<{ channel: { key: string }; messages: { edges: { node: object }[] } }>(
      story.identity.conversations,
    );
    const said = Object.fromEntries(conversations.map(({ channel, messages }) => [channel.key, nodes(messages)]));
    expect(said.web?.slice(-2)).toEqual([
      { role: 'USER', text: 'Which one is better?', stage: { key: 'onboarding' } },
      { role: 'ASSISTANT', text: 'The blue one.', stage: { key: 'onboarding' } },
    ]);
    expect(said.whatsapp?.map((message) => (message as { stage: { key: string } }).stage.key)).toEqual([
      'considering',
      'considering',
      'purchased',
      'purchased',
    ]);
  });

  it('shows prompts that know stage and memory across channels', () => {
    const conversations = nodes<{
      channel: { key: string };
      turns: { edges: { node: { prompt: { instructions: string } } }[] };
    }>(story.identity.conversations);
    const prompts = conversations.flatMap(({ channel, turns }) =>
      nodes(turns).map(({ prompt }) => `${channel.key}: ${prompt.instructions.split('\n')[0]}`),
    );
    expect(prompts.toSorted()).toEqual([
      'web: Stage onboarding. ',
      'web: Stage onboarding. ',
      'web: Stage onboarding. Size 42.',
      'whatsapp: Stage considering. Size 42.',
      'whatsapp: Stage purchased. Size 42.',
    ]);
  });

  it('counts the journey', () => {
    const counts = story.journey.stages.map(
      ({
        stage,
        current,
        entered,
        left,
      }: {
        stage: { key: string };
        current: number;
        entered: number;
        left: number;
      }) => [stage.key, current, entered, left],
    );
    expect(counts).toEqual([
      ['onboarding', 0, 1, 1],
      ['considering', 0, 1, 1],
      ['purchased', 1, 1, 0],
    ]);
    expect(story.journey.conversion).toEqual({ entered: 1, converted: 1, rate: 1 });
  });
});
