import { ask } from './api.ts';
import type { Participant } from './participants.ts';

/** Things of the seeded database that the queries below start from. */
export interface Places {
  channel: string;
  stage: string;
  identity: string;
  conversation: string;
  /** Somewhere deep in the list of identities. */
  identityCursor: string;
  conversationCursor: string;
}

interface Read {
  name: string;
  request(places: Places): { method: 'GET' | 'POST'; path: string; body: string | null };
}

const graphql = (name: string, query: string, variables: (places: Places) => object = () => ({})): Read => ({
  name,
  request: (places) => ({
    method: 'POST',
    path: '/graphql',
    body: JSON.stringify({ query, variables: variables(places) }),
  }),
});

const rest = (name: string, path: (places: Places) => string): Read => ({
  name,
  request: (places) => ({ method: 'GET', path: path(places), body: null }),
});

const IDENTITY = 'edges { node { id externalId name stage { key } } } pageInfo { hasNextPage endCursor }';
const CONVERSATION =
  'edges { node { id lastMessageAt identity { name } channel { key } } } pageInfo { hasNextPage endCursor }';

/** All that a journey tells; it reads every move by its nature, so it is no list. */
export const JOURNEY: Read = graphql(
  'journey',
  '{ journey { stages { current entered left medianSeconds p90Seconds } flows { count medianSeconds p90Seconds } } }',
);

/** The list queries, as clients send them. */
export const READS: Read[] = [
  graphql('identities, first page', `{ identities(first: 25) { ${IDENTITY} } }`),
  graphql(
    'identities, deep page',
    `query ($after: String) { identities(first: 25, after: $after) { ${IDENTITY} } }`,
    (places) => ({
      after: places.identityCursor,
    }),
  ),
  graphql(
    'identities of a stage',
    `query ($stage: String!) { identities(first: 25, stage: { key: $stage }) { ${IDENTITY} } }`,
    ({ stage }) => ({ stage }),
  ),
  graphql('identities by search', `{ identities(first: 25, search: "person 99998") { ${IDENTITY} } }`),
  graphql('conversations, first page', `{ conversations(first: 25) { ${CONVERSATION} } }`),
  graphql(
    'conversations, deep page',
    `query ($after: String) { conversations(first: 25, after: $after) { ${CONVERSATION} } }`,
    (places) => ({
      after: places.conversationCursor,
    }),
  ),
  graphql(
    'conversations of a channel',
    `query ($channel: String!) { conversations(first: 25, channel: { key: $channel }) { ${CONVERSATION} } }`,
    ({ channel }) => ({ channel }),
  ),
  graphql(
    'conversations of an identity',
    `query ($identity: String!) { conversations(first: 25, identity: { externalId: $identity }) { ${CONVERSATION} } }`,
    ({ identity }) => ({ identity }),
  ),
  graphql(
    'messages of a conversation',
    'query ($id: ID!) { conversation(id: $id) { messages(last: 25) { edges { node { role text createdAt } } } } }',
    ({ conversation }) => ({ id: conversation }),
  ),
  graphql(
    'turns of a conversation',
    'query ($id: ID!) { conversation(id: $id) { turns(last: 25) { edges { node { status message { text } reply { text } } } } } }',
    ({ conversation }) => ({ id: conversation }),
  ),
  graphql(
    'nested page: 20 conversations, 20 messages each, stages',
    '{ conversations(first: 20) { edges { node { id messages(last: 20) { edges { node { role text stage { key name } } } } } } } }',
  ),
  graphql(
    'an identity with everything',
    `query ($identity: String!) { identity(by: { externalId: $identity }) {
      name stage { key } memory { key value } transitions(last: 5) { edges { node { cause } } }
      conversations(first: 5) { edges { node { messages(last: 10) { edges { node { role text } } } } } } } }`,
    ({ identity }) => ({ identity }),
  ),
  rest('REST identities, first page', () => '/identity?limit=25'),
  rest('REST identities, page 4,000', () => '/identity?limit=25&page=4000'),
  rest('REST memory of an identity', ({ identity }) => `/memory/from/${identity}`),
];

interface Page {
  pageInfo: { endCursor: string };
  edges: { node: { id: string; externalId: string } }[];
}

const STEPS = 5;

/** Walks a few large pages into the lists. */
export async function findPlaces(milepost: Participant): Promise<Places> {
  const { channels } = await ask<{ channels: { edges: { node: { key: string } }[] } }>(
    milepost,
    '{ channels(last: 1) { edges { node { key } } } }',
  );
  const identities = await walk(milepost, 'identities');
  const conversations = await walk(milepost, 'conversations');
  return {
    channel: channels.edges[0]?.node.key as string,
    stage: 'purchased',
    identity: 'read-50000-0',
    conversation: conversations.edges[0]?.node.id as string,
    identityCursor: identities.pageInfo.endCursor,
    conversationCursor: conversations.pageInfo.endCursor,
  };
}

async function walk(milepost: Participant, list: 'identities' | 'conversations'): Promise<Page> {
  let after: string | null = null;
  let page: Page | undefined;
  for (let step = 0; step < STEPS; step += 1) {
    const query = `query ($after: String) { page: ${list}(first: 100, after: $after) { pageInfo { endCursor } edges { node { id } } } }`;
    page = (await ask<{ page: Page }>(milepost, query, { after })).page;
    after = page.pageInfo.endCursor;
  }
  return page as Page;
}
