import { type Entity, newId } from '../../src/ids.ts';
import type { Caller, TestApp } from './app.ts';
import { mutate } from './mutate.ts';

/** Stands in every text of the other workspace: it must never be seen from outside. */
export const MARK = 'SECRET';

/** Something that names a thing of the other workspace, and the like that names nothing. */
export interface Names {
  theirs: unknown;
  nobodys: unknown;
}

/** Ways of naming something, by what is named and how. */
export type Kind =
  | `${'workspace' | 'stage' | 'identity' | 'worker' | 'assistant' | 'channel' | 'conversation' | 'message' | 'turn' | 'apiKey'} id`
  | 'stage key'
  | 'channel key'
  | 'external id'
  | 'text'
  | `${'apiKeys' | 'stages' | 'identities' | 'workers' | 'assistants' | 'channels' | 'conversations' | 'messages' | 'turns' | 'transitions'} cursor`
  | 'event cursor'
  | 'move cursor'
  | 'client message id';

const LISTS = `{
  workspace { id }
  stages(last: 1) { edges { cursor node { id } } }
  identities(last: 1) { edges { cursor node { id
    transitions { edges { cursor node { cursor } } }
    conversations { edges { cursor node { id
      messages { edges { cursor node { id } } }
      turns { edges { cursor node { id } } }
    } } }
  } } }
  workers(last: 1) { edges { cursor node { id } } }
  assistants(last: 1) { edges { cursor node { id } } }
  channels(last: 1) { edges { cursor node { id } } }
  apiKeys(last: 1) { edges { cursor node { id } } }
}`;

/** Adds one of everything to a workspace, to be hidden from others; turns have ended in it. Nobody else has its keys and external ids. */
export async function prepareForeign(them: Caller): Promise<Record<Kind, Names>> {
  const name = MARK;
  const { worker } = await mutate(them, 'createWorker', { name, description: MARK }, 'worker { id }');
  const assistant = { workerId: worker.id, name, instructions: MARK };
  await mutate(them, 'createAssistant', assistant);
  const settings = { text: MARK };
  await mutate(them, 'createChannel', { name, key: 'hidden-channel', workerId: worker.id, settings });
  await mutate(them, 'createStage', { name, key: 'hidden-stage', description: MARK, metadata: settings });
  const identity = { externalId: 'hidden-person' };
  await mutate(them, 'upsertIdentity', { identity, name, email: MARK, metadata: settings });
  await mutate(them, 'remember', { identity, key: 'fact', value: MARK });
  await mutate(them, 'assignStage', { identity, stage: { key: 'hidden-stage' }, metadata: settings });
  await mutate(them, 'createApiKey', { name, permissions: ['READ'] });
  await them.rest('POST', '/conversation/hidden-person/chat/hidden-channel', { text: MARK });
  const message = { identity, channel: { key: 'hidden-channel' }, text: MARK, clientMessageId: 'hidden-message' };
  const { cursor } = await mutate(them, 'sendMessage', message, 'cursor turn { id }');
  await them.rest('POST', '/conversation/hidden-person/chat/hidden-channel', { text: MARK });
  return namesOf(await them.query(LISTS), cursor);
}

// biome-ignore lint/suspicious/noExplicitAny: the answer to LISTS
function namesOf(lists: any, cursor: string): Record<Kind, Names> {
  const [identity] = lists.identities.edges;
  const [conversation] = identity.node.conversations.edges;
  const [message, turn] = [conversation.node.messages.edges[0], conversation.node.turns.edges[0]];
  const workspaceId: string = lists.workspace.id;
  const moveCursor: string = identity.node.transitions.edges[0].node.cursor;
  const edge = (list: string) => lists[list].edges[0];
  return {
    'workspace id': { theirs: workspaceId, nobodys: newId('Workspace') },
    'stage id': { theirs: edge('stages').node.id, nobodys: newId('Stage') },
    'identity id': { theirs: identity.node.id, nobodys: newId('Identity') },
    'worker id': { theirs: edge('workers').node.id, nobodys: newId('Worker') },
    'assistant id': { theirs: edge('assistants').node.id, nobodys: newId('Assistant') },
    'channel id': { theirs: edge('channels').node.id, nobodys: newId('Channel') },
    'conversation id': { theirs: conversation.node.id, nobodys: newId('Conversation') },
    'message id': { theirs: message.node.id, nobodys: newId('Message') },
    'turn id': { theirs: turn.node.id, nobodys: newId('Turn') },
    'apiKey id': { theirs: edge('apiKeys').node.id, nobodys: newId('ApiKey') },
    'stage key': { theirs: 'hidden-stage', nobodys: 'absent-stage' },
    'channel key': { theirs: 'hidden-channel', nobodys: 'absent-channel' },
    'external id': { theirs: 'hidden-person', nobodys: 'absent-person' },
    text: { theirs: MARK, nobodys: 'ABSENT' },
    'apiKeys cursor': cursors(edge('apiKeys'), 'ApiKey'),
    'stages cursor': cursors(edge('stages'), 'Stage'),
    'workers cursor': cursors(edge('workers'), 'Worker'),
    'assistants cursor': cursors(edge('assistants'), 'Assistant'),
    'channels cursor': cursors(edge('channels'), 'Channel'),
    'identities cursor': cursors(identity, 'Identity'),
    'conversations cursor': cursors(conversation, 'Conversation'),
    'messages cursor': cursors(message, 'Message'),
    'turns cursor': cursors(turn, 'Turn'),
    'transitions cursor': cursors(identity.node.transitions.edges[0], 'StageTransition'),
    'move cursor': { theirs: moveCursor, nobodys: `${moveCursor.slice(0, -4)}AAAA` },
    'event cursor': { theirs: cursor, nobodys: `${cursor.slice(0, -4)}AAAA` },
    'client message id': { theirs: 'hidden-message', nobodys: 'absent-message' },
  };
}

/** Cursors of lists hold the values a row is sorted by, its id last where it is needed. */
function cursors({ cursor }: { cursor: string }, entity: Entity): Names {
  const values: unknown[] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  const others = values.map((value) => (typeof value === 'string' ? newId(entity) : value));
  return { theirs: cursor, nobodys: Buffer.from(JSON.stringify(others)).toString('base64url') };
}

/** Every row of a workspace, to see that nothing was changed. */
export async function rowsOf({ database: { db } }: TestApp, { workspaceId }: Caller): Promise<unknown[][]> {
  const where = { workspaceId };
  return Promise.all([
    db.stage.findMany({ where }),
    db.identity.findMany({ where }),
    db.memoryEntry.findMany({ where }),
    db.stageTransition.findMany({ where }),
    db.worker.findMany({ where }),
    db.assistant.findMany({ where }),
    db.channel.findMany({ where }),
    db.conversation.findMany({ where }),
    db.message.findMany({ where }),
    db.turn.findMany({ where }),
    db.apiKey.findMany({ where }),
  ]);
}
