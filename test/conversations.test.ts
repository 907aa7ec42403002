import { beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from './support/app.ts';
import { prepareDemo, send } from './support/demo.ts';
import { mutate } from './support/mutate.ts';
import { hold, reply } from './support/scripted-model.ts';
import { statementsOf } from './support/statements.ts';
import { subscribe } from './support/subscription.ts';
import { chatPath, someone } from './support/talk.ts';

const app: TestApp = await startTestApp();

beforeAll(() => prepareDemo(app));

/** Somebody new who has said these things on a channel and has been answered; returns the external id. */
async function talker(
  texts: string[],
  { caller = app as Pick<TestApp, 'rest'>, channel = 'web' } = {},
): Promise<string> {
  const externalId = await someone(caller as TestApp);
  for (const text of texts) await caller.rest('POST', chatPath(externalId, channel), { text });
  return externalId;
}

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `Message ${index + 1}`);

interface Edges {
  edges: { node: { text: string } }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string };
}

const PAGE = 'edges { node { text } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';
const OF_IDENTITY = `query ($externalId: String!, $first: Int, $after: String, $last: Int, $before: String) {
  identity(by: { externalId: $externalId }) { conversations { edges { node {
    messages(first: $first, after: $after, last: $last, before: $before) { ${PAGE} }
  } } } }
}`;

async function messages(externalId: string, page: object): Promise<Edges> {
  const { identity } = await app.query(OF_IDENTITY, { externalId, ...page });
  return identity.conversations.edges[0].node.messages;
}

const textsOf = ({ edges }: Edges): string[] => edges.map(({ node }) => node.text);

describe('conversations', () => {
  const LIST = `query ($identity: IdentityReference, $channel: ChannelReference, $first: Int, $after: String) {
    conversations(identity: $identity, channel: $channel, first: $first, after: $after) {
      edges { node { id identity { externalId } channel { key } } } pageInfo { hasNextPage endCursor }
    }
  }`;

  it('are listed by their latest message, newest first', async () => {
    const caller = await app.stranger();
    await prepareDemo(caller);
    const [first, second] = [await talker(['A'], { caller }), await talker(['B'], { caller })];
    const people = async () => {
      const { conversations } = await caller.query(LIST);
      return conversations.edges.map(({ node }: { node: { identity: object } }) => node.identity);
    };
    expect(await people()).toEqual([{ externalId: second }, { externalId: first }]);
    await caller.rest('POST', chatPath(first), { text: 'Again' });
    expect(await people()).toEqual([{ externalId: first }, { externalId: second }]);
  });

  it('are one per identity and channel, and are filtered by both', async () => {
    const { worker } = await mutate(app, 'createWorker', { name: 'Second' }, 'worker { id }');
    await mutate(app, 'createAssistant', { workerId: worker.id, name: 'Second', instructions: 'Be brief' });
    await mutate(app, 'createChannel', { name: 'Second', key: 'second', workerId: worker.id });
    const externalId = await talker(['On the web', 'again']);
    await app.rest('POST', chatPath(externalId, 'second'), { text: 'Elsewhere' });
    const channelsOf = async (filter: object) => {
      const { conversations } = await app.query(LIST, filter);
      return conversations.edges.map(({ node }: { node: { channel: { key: string } } }) => node.channel.key);
    };
    expect(await channelsOf({ identity: { externalId } })).toEqual(['second', 'web']);
    expect(await channelsOf({ identity: { externalId }, channel: { key: 'web' } })).toEqual(['web']);
    expect(await channelsOf({ channel: { key: 'second' } })).toEqual(['second']);
    expect(await channelsOf({ channel: { key: 'nowhere' } })).toEqual([]);
  });

  it('are paged without a gap or a repetition', async () => {
    const caller = await app.stranger();
    await prepareDemo(caller);
    for (let count = 0; count < 5; count += 1) await talker(['Hello'], { caller });
    const seen: string[] = [];
    for (let after: string | null = null, more = true; more; ) {
      const { conversations } = await caller.query(LIST, { first: 2, after });
      seen.push(...conversations.edges.map(({ node }: { node: { id: string } }) => node.id));
      ({ hasNextPage: more, endCursor: after } = conversations.pageInfo);
    }
    expect(seen).toHaveLength(5);
    expect(new Set(seen).size).toBe(5);
  });

  it('do not exist before the first message', async () => {
    const externalId = await someone(app);
    const { conversations } = await app.query(LIST, { identity: { externalId } });
    expect(conversations.edges).toEqual([]);
  });
});

describe('the messages of a conversation', () => {
  const all = numbered(5).flatMap((text) => [text, `Echo: ${text}`]);

  it('stand in the order of the conversation, each reply behind its message', async () => {
    expect(textsOf(await messages(await talker(numbered(5)), {}))).toEqual(all);
  });

  it('are paged forwards', async () => {
    const externalId = await talker(numbered(5));
    const pages: string[][] = [];
    for (let after: string | null = null, more = true; more; ) {
      const page: Edges = await messages(externalId, { first: 4, after });
      pages.push(textsOf(page));
      ({ hasNextPage: more, endCursor: after } = page.pageInfo);
    }
    expect(pages).toEqual([all.slice(0, 4), all.slice(4, 8), all.slice(8)]);
  });

  it('are paged backwards from the newest', async () => {
    const externalId = await talker(numbered(5));
    const pages: string[][] = [];
    for (let before: string | null = null, more = true; more; ) {
      const page: Edges = await messages(externalId, { last: 4, before });
      pages.push(textsOf(page));
      ({ hasPreviousPage: more, startCursor: before } = page.pageInfo);
    }
    expect(pages).toEqual([all.slice(6), all.slice(2, 6), all.slice(0, 2)]);
  });

  it('are 25 when no number is given, and more when asked for', async () => {
    const externalId = await talker(numbered(14));
    expect(textsOf(await messages(externalId, {}))).toHaveLength(25);
    expect(textsOf(await messages(externalId, { first: 50 })).length).toBe(28);
  });

  it('may be asked for twice in one query', async () => {
    const externalId = await talker(numbered(2));
    const { identity } = await app.query(
      `query ($by: IdentityReference!) { identity(by: $by) { conversations { edges { node {
        oldest: messages(first: 1) { edges { node { text } } } newest: messages(last: 1) { edges { node { text } } }
      } } } } }`,
      { by: { externalId } },
    );
    const [{ node }] = identity.conversations.edges;
    expect([textsOf(node.oldest), textsOf(node.newest)]).toEqual([['Message 1'], ['Echo: Message 2']]);
  });

  it('lie between two cursors when both are given', async () => {
    const externalId = await talker(numbered(5));
    const { pageInfo } = await messages(externalId, { first: 2 });
    const end = await messages(externalId, { last: 2 });
    const between = await messages(externalId, {
      after: pageInfo.endCursor,
      before: end.pageInfo.startCursor,
      first: 100,
    });
    expect(textsOf(between)).toEqual(all.slice(2, 8));
  });

  it.each([
    ['first', { first: -1 }],
    ['last', { last: -1 }],
    ['last', { first: 1, last: 1 }],
    ['after', { after: 'nonsense' }],
    ['before', { before: Buffer.from('[1]').toString('base64url') }],
    ['after', { after: Buffer.from('["1", "msg_x"]').toString('base64url') }],
    ['after', { after: Buffer.from('[1, "\\u0000"]').toString('base64url') }],
    ['after', { after: Buffer.from('[1e20, "msg_x"]').toString('base64url') }],
  ])('refuse a wrong %s: %j', async (path, page) => {
    const { errors } = await app.execute(OF_IDENTITY, { externalId: await talker(['Hello']), ...page });
    expect(errors?.[0].extensions).toMatchObject({ code: 'INVALID_INPUT', issues: [{ path }] });
  });

  it('cost the same wherever the page lies', async () => {
    const externalId = await talker(numbered(6));
    const { pageInfo } = await messages(externalId, { last: 3 });
    const limits = async (page: object) => {
      const sent = await statementsOf(() => messages(externalId, page));
      return sent.filter((statement) => statement.includes('"messages"') && !/LIMIT/.test(statement));
    };
    expect(await limits({ last: 3, before: pageInfo.startCursor })).toEqual([]);
  });

  it('keep a queued message behind the reply before it', async () => {
    const place = hold();
    app.model.when('Slow one', reply.text('Slow ', place, 'reply'));
    const externalId = await someone(app);
    await send(app, 'Slow one', { identity: { externalId } });
    const { turn } = await send(app, 'Impatient', { identity: { externalId } });
    await place.reached;
    place.release();
    await ended(turn.id);
    expect(textsOf(await messages(externalId, {}))).toEqual(['Slow one', 'Slow reply', 'Impatient', 'Echo: Impatient']);
  });
});

describe('a conversation', () => {
  const ONE =
    'query ($id: ID!) { conversation(id: $id) { cursor activeTurn { id status } lastMessageAt createdAt turns { edges { node { status message { text } } } } } }';

  it('shows the turn that runs, and none when it has ended', async () => {
    const place = hold();
    app.model.when('Are you there', reply.text('Yes', place));
    const identity = { externalId: await someone(app) };
    const { turn } = await send(app, 'Are you there', { identity });
    await place.reached;
    const { id } = turn.conversation;
    expect((await app.query(ONE, { id })).conversation.activeTurn).toEqual({ id: turn.id, status: 'RUNNING' });
    place.release();
    await ended(turn.id);
    expect((await app.query(ONE, { id })).conversation.activeTurn).toBeNull();
  });

  it('lists its turns in the order in which they were accepted', async () => {
    const identity = { externalId: await talker(['One', 'Two']) };
    const { turn } = await send(app, 'Three', { identity });
    await ended(turn.id);
    const { conversation } = await app.query(ONE, { id: turn.conversation.id });
    const spoken = conversation.turns.edges.map(
      ({ node }: { node: { message: { text: string } } }) => node.message.text,
    );
    expect(spoken).toEqual(['One', 'Two', 'Three']);
    expect(Date.parse(conversation.lastMessageAt)).toBeGreaterThan(Date.parse(conversation.createdAt));
  });

  it('has a cursor behind which comes what has not happened yet', async () => {
    const identity = { externalId: await someone(app) };
    const { turn } = await send(app, 'Before', { identity });
    await ended(turn.id);
    const conversationId = turn.conversation.id;
    const { conversation } = await app.query(ONE, { id: conversationId });
    const events = await subscribe(
      app,
      app,
      'subscription ($id: ID!, $after: String) { conversationEvents(conversationId: $id, after: $after) { ... on MessageReceived { message { text } } } }',
      { id: conversationId, after: conversation.cursor },
    );
    await send(app, 'After', { identity });
    expect(await events.next()).toEqual({ conversationEvents: { message: { text: 'After' } } });
    await events.leave();
  });
});

describe('a page of conversations with their messages and stages', () => {
  const page = (conversations: number, messages: number) =>
    `{ conversations(first: ${conversations}) { edges { node { identity { name stage { key } } channel { key } messages(last: ${messages}) { edges { node { text stage { key } } } } } } } }`;

  it('costs at most five statements, whatever its size', async () => {
    const caller = await app.stranger();
    await prepareDemo(caller);
    await Promise.all(Array.from({ length: 20 }, () => talker(numbered(10), { caller })));
    await caller.query(page(20, 20));
    let large: Edges[] = [];
    const forLarge = await statementsOf(async () => {
      const { conversations } = await caller.query(page(20, 20));
      large = conversations.edges.map(({ node }: { node: { messages: Edges } }) => node.messages);
    });
    const forSmall = await statementsOf(() => caller.query(page(2, 3)));
    expect(large.map((list) => list.edges.length)).toEqual(Array(20).fill(20));
    expect(forLarge.length).toBeLessThanOrEqual(5);
    expect(forLarge.length).toBe(forSmall.length);
  });
});

/** Waits for the end of a turn. */
async function ended(turnId: string): Promise<void> {
  const events = await subscribe(app, app, 'subscription ($id: ID!) { turnEvents(turnId: $id) { cursor } }', {
    id: turnId,
  });
  while ((await events.next()) !== undefined);
}
