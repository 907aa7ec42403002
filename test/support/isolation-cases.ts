import type { Kind } from './foreign.ts';
import { EFFECT_CASES } from './isolation-effect-cases.ts';

/** A document with a variable `$it`, and what is put there. */
export type IsolationCase = [document: string, ...kinds: Kind[]];

const IDS: Kind[] = [
  ...(['workspace id', 'stage id', 'identity id', 'worker id', 'assistant id', 'channel id'] as const),
  ...(['conversation id', 'message id', 'turn id', 'apiKey id'] as const),
];
const STAGE: Kind[] = ['stage id', 'stage key'];
const IDENTITY: Kind[] = ['identity id', 'external id'];
const CHANNEL: Kind[] = ['channel id', 'channel key'];

const REFERENCES = { stage: 'StageReference', identity: 'IdentityReference', channel: 'ChannelReference' } as const;

/** A page of a list of the caller's, behind or before a cursor; `around` puts the list where it belongs. */
function page(list: string, selection: string, around = (field: string) => field): Record<'after' | 'before', string> {
  return {
    after: `query ($it: String!) { ${around(`${list}(first: 5, after: $it) { edges { node { ${selection} } } }`)} }`,
    before: `query ($it: String!) { ${around(`${list}(last: 5, before: $it) { edges { node { ${selection} } } }`)} }`,
  };
}

function pages(
  place: string,
  kind: Kind,
  documents: Record<'after' | 'before', string>,
): Record<string, IsolationCase> {
  return { [`${place}(after)`]: [documents.after, kind], [`${place}(before)`]: [documents.before, kind] };
}

/** A mutation whose input names something by `$it`. */
function input(mutation: string, type: string, fields: string, ...kinds: Kind[]): IsolationCase {
  const name = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}`;
  const document = `mutation ($it: ${type}!) { ${mutation}(input: { ${fields} }) {
    __typename ... on ${name}Payload { __typename } ... on UserError { code message }
  } }`;
  return [document, ...kinds];
}

const ofIdentity = (field: string) => `identity(by: { externalId: "ada" }) { ${field} }`;
const ofConversation = (field: string) => `conversations { edges { node { ${field} } } }`;
const ofWorker = (field: string) => `workers { edges { node { ${field} } } }`;
const ADA = 'identity: { externalId: "ada" }';
const TALK = `${ADA}, channel: { key: "web" }`;

/** One case for every place of the schema where a caller names something that exists. */
export const ISOLATION_CASES: Record<string, IsolationCase> = {
  'Query.node(id)': ['query ($it: ID!) { node(id: $it) { id } }', ...IDS],
  'Query.nodes(ids)': ['query ($it: ID!) { nodes(ids: [$it]) { id } }', ...IDS],
  'Query.stage(by)': ['query ($it: StageReference!) { stage(by: $it) { name } }', ...STAGE],
  'Query.identity(by)': ['query ($it: IdentityReference!) { identity(by: $it) { name } }', ...IDENTITY],
  'Query.channel(by)': ['query ($it: ChannelReference!) { channel(by: $it) { name } }', ...CHANNEL],
  'Query.worker(id)': ['query ($it: ID!) { worker(id: $it) { name } }', 'worker id'],
  'Query.assistant(id)': ['query ($it: ID!) { assistant(id: $it) { name } }', 'assistant id'],
  'Query.conversation(id)': ['query ($it: ID!) { conversation(id: $it) { id } }', 'conversation id'],
  'Query.turn(id)': ['query ($it: ID!) { turn(id: $it) { status } }', 'turn id'],
  ...pages('Query.apiKeys', 'apiKeys cursor', page('apiKeys', 'name')),
  ...pages('Query.stages', 'stages cursor', page('stages', 'name')),
  ...pages('Query.identities', 'identities cursor', page('identities', 'name')),
  ...pages('Query.workers', 'workers cursor', page('workers', 'name')),
  ...pages('Query.assistants', 'assistants cursor', page('assistants', 'name')),
  ...pages('Query.channels', 'channels cursor', page('channels', 'name')),
  ...pages('Query.conversations', 'conversations cursor', page('conversations', 'id')),
  'Query.identities(stage)': [
    'query ($it: StageReference!) { identities(stage: $it) { edges { node { name } } } }',
    ...STAGE,
  ],
  'Query.identities(search)': ['query ($it: String!) { identities(search: $it) { edges { node { name } } } }', 'text'],
  'Query.conversations(identity)': [
    'query ($it: IdentityReference!) { conversations(identity: $it) { edges { node { id } } } }',
    ...IDENTITY,
  ],
  'Query.conversations(channel)': [
    'query ($it: ChannelReference!) { conversations(channel: $it) { edges { node { id } } } }',
    ...CHANNEL,
  ],
  'Query.previewPrompt(identity)': [
    'query ($it: IdentityReference!) { previewPrompt(identity: $it, channel: { key: "web" }, text: "Hello") { hash } }',
    ...IDENTITY,
  ],
  'Query.previewPrompt(channel)': [
    `query ($it: ChannelReference!) { previewPrompt(${ADA}, channel: $it, text: "Hello") { hash } }`,
    ...CHANNEL,
  ],
  'Query.previewPrompt(asIfStage)': [
    `query ($it: StageReference!) { previewPrompt(${TALK}, text: "Hello", asIfStage: $it) { hash } }`,
    ...STAGE,
  ],
  'Journey.conversion(from)': [
    'query ($it: StageReference!) { journey { conversion(from: $it, to: { key: "onboarding" }) { entered } } }',
    ...STAGE,
  ],
  'Journey.conversion(to)': [
    'query ($it: StageReference!) { journey { conversion(from: { key: "onboarding" }, to: $it) { entered } } }',
    ...STAGE,
  ],
  ...pages('Identity.conversations', 'conversations cursor', page('conversations', 'id', ofIdentity)),
  ...pages('Identity.transitions', 'transitions cursor', page('transitions', 'id', ofIdentity)),
  ...pages('Conversation.messages', 'messages cursor', page('messages', 'text', ofConversation)),
  ...pages('Conversation.turns', 'turns cursor', page('turns', 'id', ofConversation)),
  ...pages('Worker.assistants', 'assistants cursor', page('assistants', 'name', ofWorker)),
  ...pages('Worker.channels', 'channels cursor', page('channels', 'name', ofWorker)),

  'Mutation.createStage(input.assistantId)': input(
    'createStage',
    'ID',
    'name: "Assisted", assistantId: $it',
    'assistant id',
  ),
  'Mutation.createStage(input.allowedNext)': input(
    'createStage',
    REFERENCES.stage,
    'name: "Followed", allowedNext: [$it]',
    ...STAGE,
  ),
  'Mutation.updateStage(input.stage)': input('updateStage', REFERENCES.stage, 'stage: $it, name: "Mine now"', ...STAGE),
  'Mutation.updateStage(input.assistantId)': input(
    'updateStage',
    'ID',
    'stage: { key: "onboarding" }, assistantId: $it',
    'assistant id',
  ),
  'Mutation.updateStage(input.allowedNext)': input(
    'updateStage',
    REFERENCES.stage,
    'stage: { key: "considering" }, allowedNext: [$it]',
    ...STAGE,
  ),
  ...EFFECT_CASES,
  'Mutation.archiveStage(input.stage)': input('archiveStage', REFERENCES.stage, 'stage: $it', ...STAGE),
  'Mutation.assignStage(input.identity)': input(
    'assignStage',
    REFERENCES.identity,
    'identity: $it, stage: { key: "onboarding" }',
    ...IDENTITY,
  ),
  'Mutation.assignStage(input.stage)': input('assignStage', REFERENCES.stage, `${ADA}, stage: $it`, ...STAGE),
  'Mutation.assignStage(input.expectedStage)': input(
    'assignStage',
    REFERENCES.stage,
    `${ADA}, stage: { key: "onboarding" }, expectedStage: $it`,
    ...STAGE,
  ),
  'Mutation.upsertIdentity(input.externalId)': input('upsertIdentity', 'String', `${ADA}, externalId: $it`, 'text'),
  'Mutation.deleteIdentity(input.identity)': input('deleteIdentity', REFERENCES.identity, 'identity: $it', ...IDENTITY),
  'Mutation.createAccessToken(input.identity)': input(
    'createAccessToken',
    REFERENCES.identity,
    'identity: $it',
    ...IDENTITY,
  ),
  'Mutation.remember(input.identity)': input(
    'remember',
    REFERENCES.identity,
    'identity: $it, key: "a", value: 1',
    ...IDENTITY,
  ),
  'Mutation.remember(input.key)': input(
    'remember',
    'String',
    'identity: { externalId: "bob" }, key: $it, value: 1',
    'client message id',
  ),
  'Mutation.forget(input.identity)': input('forget', REFERENCES.identity, 'identity: $it, key: "fact"', ...IDENTITY),
  'Mutation.forget(input.key)': input(
    'forget',
    'String',
    'identity: { externalId: "bob" }, key: $it',
    'client message id',
  ),
  'Mutation.deleteWorker(input.id)': input('deleteWorker', 'ID', 'id: $it', 'worker id'),
  'Mutation.createAssistant(input.workerId)': input(
    'createAssistant',
    'ID',
    'workerId: $it, name: "A", instructions: "B"',
    'worker id',
  ),
  'Mutation.updateAssistant(input.id)': input(
    'updateAssistant',
    'ID',
    'id: $it, instructions: "Mine now"',
    'assistant id',
  ),
  'Mutation.deleteAssistant(input.id)': input('deleteAssistant', 'ID', 'id: $it', 'assistant id'),
  'Mutation.createChannel(input.workerId)': input(
    'createChannel',
    'ID',
    'name: "Answered", workerId: $it',
    'worker id',
  ),
  'Mutation.updateChannel(input.channel)': input(
    'updateChannel',
    REFERENCES.channel,
    'channel: $it, name: "Mine now"',
    ...CHANNEL,
  ),
  'Mutation.updateChannel(input.workerId)': input(
    'updateChannel',
    'ID',
    'channel: { key: "web" }, workerId: $it',
    'worker id',
  ),
  'Mutation.deleteChannel(input.channel)': input('deleteChannel', REFERENCES.channel, 'channel: $it', ...CHANNEL),
  'Mutation.revokeApiKey(input.id)': input('revokeApiKey', 'ID', 'id: $it', 'apiKey id'),
  'Mutation.sendMessage(input.identity)': input(
    'sendMessage',
    REFERENCES.identity,
    'identity: $it, channel: { key: "web" }, text: "Hello"',
    ...IDENTITY,
  ),
  'Mutation.sendMessage(input.channel)': input(
    'sendMessage',
    REFERENCES.channel,
    `${ADA}, channel: $it, text: "Hello"`,
    ...CHANNEL,
  ),
  'Mutation.sendMessage(input.clientMessageId)': input(
    'sendMessage',
    'String',
    `${TALK}, text: "Hello", clientMessageId: $it`,
    'client message id',
  ),
  'Mutation.cancelTurn(input.turnId)': input('cancelTurn', 'ID', 'turnId: $it', 'turn id'),
  'Mutation.cancelTurn(input.message.identity)': input(
    'cancelTurn',
    REFERENCES.identity,
    'message: { identity: $it, channel: { key: "hidden-channel" }, clientMessageId: "hidden-message" }',
    ...IDENTITY,
  ),
  'Mutation.cancelTurn(input.message.channel)': input(
    'cancelTurn',
    REFERENCES.channel,
    'message: { identity: { externalId: "hidden-person" }, channel: $it, clientMessageId: "hidden-message" }',
    ...CHANNEL,
  ),
  'Mutation.cancelTurn(input.message.clientMessageId)': input(
    'cancelTurn',
    'String',
    'message: { identity: { externalId: "hidden-person" }, channel: { key: "hidden-channel" }, clientMessageId: $it }',
    'client message id',
  ),

  'Subscription.turnEvents(turnId)': ['subscription ($it: ID!) { turnEvents(turnId: $it) { cursor } }', 'turn id'],
  'Subscription.turnEvents(after)': [
    'subscription ($it: String!, $own: ID!) { turnEvents(turnId: $own, after: $it) { cursor } }',
    'event cursor',
  ],
  'Subscription.conversationEvents(conversationId)': [
    'subscription ($it: ID!) { conversationEvents(conversationId: $it) { cursor } }',
    'conversation id',
  ],
  'Subscription.conversationEvents(after)': [
    'subscription ($it: String!, $ownConversation: ID!) { conversationEvents(conversationId: $ownConversation, after: $it) { cursor } }',
    'event cursor',
  ],
  'Subscription.stageTransitions(identity)': [
    'subscription ($it: IdentityReference!) { stageTransitions(identity: $it) { id } }',
    ...IDENTITY,
  ],
  'Subscription.stageTransitions(stage)': [
    'subscription ($it: StageReference!) { stageTransitions(stage: $it) { id } }',
    ...STAGE,
  ],
  'Subscription.stageTransitions(after)': [
    'subscription ($it: String!) { stageTransitions(after: $it) { id } }',
    'move cursor',
  ],

  // Last: from then on the workspace has these keys and external ids itself.
  'Mutation.upsertIdentity(input.identity)': input(
    'upsertIdentity',
    REFERENCES.identity,
    'identity: $it, name: "Mine now"',
    ...IDENTITY,
  ),
  'Mutation.createStage(input.key)': input('createStage', 'String', 'name: "Another", key: $it', 'stage key'),
  'Mutation.createChannel(input.key)': input('createChannel', 'String', 'name: "Another", key: $it', 'channel key'),
};

/** What `$it` is: the value itself, or a reference to it. */
export function asVariable(document: string, kind: Kind, value: unknown): unknown {
  if (!/\$it: \w+Reference/.test(document)) return value;
  if (kind.endsWith(' id') && kind !== 'external id') return { id: value };
  return kind === 'external id' ? { externalId: value } : { key: value };
}
