import { ChannelReferenceInput, ChannelType } from '../channels/graphql.ts';
import { toChannelReference } from '../channels/model.ts';
import { MessageRole } from '../generated/prisma/enums.ts';
import { builder } from '../graphql/builder.ts';
import { Pages } from '../graphql/pages.ts';
import { IdentityReferenceInput, IdentityType } from '../identities/graphql.ts';
import { toIdentityReference } from '../identities/model.ts';
import { findTransition } from '../identities/operations.ts';
import { StageTransitionType } from '../identities/transitions.graphql.ts';
import { MemoryEntryType } from '../memory/graphql.ts';
import { ownedByIdentity, requireRead } from '../workspaces/access.ts';
import { findConversation, findMessage, listConversations } from './operations.ts';

const MessageRoleEnum = builder.enumType('MessageRole', {
  description: 'Who said a message.',
  values: {
    [MessageRole.USER]: { description: 'The identity.' },
    [MessageRole.ASSISTANT]: { description: 'The assistant that answers on the channel.' },
    [MessageRole.OPERATOR]: { description: 'A person of the workspace who stepped in.' },
  } as const,
});

export const MessageType = builder.prismaNode('Message', {
  description: 'One thing said in a conversation.',
  nullable: true,
  id: { resolve: ({ id }) => id },
  findUnique: (id, ctx) => {
    requireRead(ctx);
    return { workspaceId_id: { workspaceId: ctx.workspaceId, id }, AND: { conversation: ownedByIdentity(ctx) } };
  },
  fields: (t) => ({
    role: t.expose('role', { type: MessageRoleEnum, description: 'Who said it.' }),
    text: t.exposeString('text', { description: 'What was said; a reply that was stopped ends where it was stopped.' }),
    metadata: t.expose('metadata', { type: 'JSONObject', description: 'Data of the caller, given with the message.' }),
    stage: t.relation('stage', {
      nullable: true,
      description: 'The stage the identity was in when it was said; null when it was in none.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was stored.' }),
  }),
});

const messagePages = new Pages({ turnNumber: 'number', id: 'text' }, 'asc');
const latestFirst = new Pages({ lastMessageAt: 'time', id: 'text' }, 'desc');

const MessageConnection = builder.connectionObject(
  { type: MessageType, name: 'MessageConnection', description: 'A page of messages.' },
  { name: 'MessageEdge', description: 'A message in a list.' },
);

export const ConversationType = builder.prismaNode('Conversation', {
  description:
    'The exchange between one identity and the assistants of one channel. It comes into being with the first message.',
  nullable: true,
  id: { resolve: ({ id }) => id },
  findUnique: (id, ctx) => {
    requireRead(ctx);
    return { workspaceId_id: { workspaceId: ctx.workspaceId, id }, AND: ownedByIdentity(ctx) };
  },
  fields: (t) => ({
    identity: t.relation('identity', { type: IdentityType, description: 'Whose conversation it is.' }),
    channel: t.relation('channel', { type: ChannelType, description: 'Where it is held.' }),
    messages: t.connection(
      {
        type: MessageType,
        description: 'What was said, oldest first; a reply stands behind its message.',
        select: (args, _ctx, selected) => ({ messages: messagePages.nested(args, selected) }),
        resolve: ({ messages }, args) => messagePages.connection(messages, args),
      },
      MessageConnection,
    ),
    summary: t.exposeString('summary', {
      nullable: true,
      description:
        'What was said in the oldest part, condensed for the model, so that it does not fall out of the context; null while everything fits.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the first message came.' }),
    lastMessageAt: t.expose('lastMessageAt', { type: 'DateTime', description: 'When the latest message was stored.' }),
  }),
});

const ConversationConnection = builder.connectionObject(
  { type: ConversationType, name: 'ConversationConnection', description: 'A page of conversations.' },
  { name: 'ConversationEdge', description: 'A conversation in a list.' },
);

builder.prismaObjectField(IdentityType, 'conversations', (t) =>
  t.connection(
    {
      type: ConversationType,
      description: 'The conversations of the identity over all channels, by their latest message, newest first.',
      select: (args, _ctx, selected) => ({ conversations: latestFirst.nested(args, selected) }),
      resolve: ({ conversations }, args) => latestFirst.connection(conversations, args),
    },
    ConversationConnection,
  ),
);

builder.prismaObjectField(MessageType, 'transition', (t) =>
  t.prismaField({
    type: StageTransitionType,
    nullable: true,
    description: 'The move between stages an opening message followed; null for every other message.',
    resolve: (query, { transitionId }, _args, ctx) => (transitionId ? findTransition(ctx, transitionId, query) : null),
  }),
);

builder.prismaObjectField(MemoryEntryType, 'message', (t) =>
  t.prismaField({
    type: MessageType,
    nullable: true,
    description: 'The message the fact was learnt from; null when it was not learnt in a conversation.',
    resolve: (query, { messageId }, _args, ctx) => (messageId ? findMessage(ctx, messageId, query) : null),
  }),
);

builder.prismaObjectField(MessageType, 'conversation', (t) =>
  t.relation('conversation', { type: ConversationType, description: 'The conversation it was said in.' }),
);

builder.queryFields((t) => ({
  conversation: t.prismaField({
    type: ConversationType,
    nullable: true,
    description: 'One conversation; null when there is none in this workspace.',
    args: { id: t.arg.id({ required: true, description: 'The id of a conversation, `cnv_…`.' }) },
    resolve: (query, _root, { id }, ctx) => findConversation(ctx, id, query),
  }),
  conversations: t.connection(
    {
      type: ConversationType,
      description: 'Conversations by their latest message, newest first.',
      args: {
        identity: t.arg({ type: IdentityReferenceInput, description: 'Only those of this identity.' }),
        channel: t.arg({ type: ChannelReferenceInput, description: 'Only those over this channel.' }),
      },
      resolve: async (_root, { identity, channel, ...page }, ctx, info) => {
        const conversations = await listConversations(ctx, latestFirst.queryFrom(page, ctx, info), {
          identity: identity ? toIdentityReference(identity) : null,
          channel: channel ? toChannelReference(channel) : null,
        });
        return latestFirst.connection(conversations, page);
      },
    },
    ConversationConnection,
  ),
}));
