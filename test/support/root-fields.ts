import { newId } from '../../src/ids.ts';

const ADA = 'identity: { externalId: "ada" }';

/** How each query, mutation and subscription is called that an access token may call. */
export const OWN_FIELDS: Record<string, string> = {
  'Query.node': `{ node(id: "${newId('Turn')}") { id } }`,
  'Query.nodes': `{ nodes(ids: ["${newId('Identity')}"]) { id } }`,
  'Query.identity': '{ identity(by: { externalId: "ada" }) { id } }',
  'Query.identities': '{ identities { edges { cursor } } }',
  'Query.conversation': `{ conversation(id: "${newId('Conversation')}") { id } }`,
  'Query.conversations': '{ conversations { edges { cursor } } }',
  'Query.turn': `{ turn(id: "${newId('Turn')}") { id } }`,
  'Mutation.sendMessage': change('sendMessage', `${ADA}, channel: { key: "web" }, text: "Hello"`),
  'Mutation.cancelTurn': change('cancelTurn', `turnId: "${newId('Turn')}"`),
  'Subscription.turnEvents': `subscription { turnEvents(turnId: "${newId('Turn')}") { cursor } }`,
  'Subscription.conversationEvents': `subscription { conversationEvents(conversationId: "${newId('Conversation')}") { cursor } }`,
  'Subscription.stageTransitions': 'subscription { stageTransitions { id } }',
};

/** How each of the others is called. */
export const OPERATOR_FIELDS: Record<string, string> = {
  'Query.workspace': '{ workspace { id } }',
  'Query.apiKeys': '{ apiKeys { edges { cursor } } }',
  'Query.stage': '{ stage(by: { key: "onboarding" }) { id } }',
  'Query.stages': '{ stages { edges { cursor } } }',
  'Query.worker': '{ worker(id: "wrk_x") { id } }',
  'Query.workers': '{ workers { edges { cursor } } }',
  'Query.assistant': '{ assistant(id: "ast_x") { id } }',
  'Query.assistants': '{ assistants { edges { cursor } } }',
  'Query.channel': '{ channel(by: { key: "web" }) { id } }',
  'Query.channels': '{ channels { edges { cursor } } }',
  'Query.journey': '{ journey { stages { current } } }',
  'Query.previewPrompt':
    '{ previewPrompt(identity: { externalId: "ada" }, channel: { key: "web" }, text: "Hello") { hash } }',
  'Mutation.createStage': change('createStage', 'name: "Mine"'),
  'Mutation.updateStage': change('updateStage', 'stage: { key: "onboarding" }, name: "Mine"'),
  'Mutation.archiveStage': change('archiveStage', 'stage: { key: "onboarding" }'),
  'Mutation.assignStage': change('assignStage', `${ADA}, stage: { key: "considering" }`),
  'Mutation.upsertIdentity': change('upsertIdentity', `${ADA}, name: "Eve"`),
  'Mutation.deleteIdentity': change('deleteIdentity', `${ADA}`),
  'Mutation.createAccessToken': change('createAccessToken', `${ADA}`),
  'Mutation.remember': change('remember', `${ADA}, key: "a", value: 1`),
  'Mutation.forget': change('forget', `${ADA}, key: "a"`),
  'Mutation.createWorker': change('createWorker', 'name: "Mine"'),
  'Mutation.deleteWorker': change('deleteWorker', 'id: "wrk_x"'),
  'Mutation.createAssistant': change('createAssistant', 'workerId: "wrk_x", name: "Mine", instructions: "Obey"'),
  'Mutation.updateAssistant': change('updateAssistant', 'id: "ast_x", name: "Mine"'),
  'Mutation.deleteAssistant': change('deleteAssistant', 'id: "ast_x"'),
  'Mutation.createChannel': change('createChannel', 'name: "Mine"'),
  'Mutation.updateChannel': change('updateChannel', 'channel: { key: "web" }, name: "Mine"'),
  'Mutation.deleteChannel': change('deleteChannel', 'channel: { key: "web" }'),
  'Mutation.createApiKey': change('createApiKey', 'name: "Mine", permissions: [READ]'),
  'Mutation.revokeApiKey': change('revokeApiKey', 'id: "key_x"'),
  'Subscription.journey': 'subscription { journey { stages { current } } }',
};

function change(mutation: string, fields: string): string {
  return `mutation { ${mutation}(input: { ${fields} }) { ... on UserError { code } } }`;
}
