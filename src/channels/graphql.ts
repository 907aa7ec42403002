import { WorkerType } from '../assistants/graphql.ts';
import { ConflictError, NotFoundError } from '../errors.ts';
import { ChannelType as ChannelTypes } from '../generated/prisma/enums.ts';
import { builder } from '../graphql/builder.ts';
import { oldestFirst } from '../graphql/pages.ts';
import { operatorOnly, requireOperatorRead, requireRead } from '../workspaces/access.ts';
import { toChannelReference } from './model.ts';
import { createChannel, deleteChannel, findChannel, listChannels, updateChannel } from './operations.ts';

const ChannelTypeEnum = builder.enumType('ChannelType', {
  description: 'The kind of outside place a channel connects to.',
  values: {
    [ChannelTypes.WEB]: { description: 'A page or app of yours that speaks to this server itself.' },
    [ChannelTypes.WHATSAPP]: { description: 'WhatsApp, through a gateway of yours.' },
    [ChannelTypes.CUSTOM]: { description: 'Anything else.' },
  } as const,
});

export const ChannelType = builder.prismaNode('Channel', {
  description: 'Where conversations happen; its worker decides who answers.',
  nullable: true,
  id: { resolve: ({ id }) => id },
  findUnique: (id, ctx) => {
    requireRead(ctx);
    return { id, workspaceId: ctx.workspaceId, deletedAt: null, ...operatorOnly(ctx) };
  },
  fields: (t) => ({
    key: t.exposeString('key', {
      description: 'Slug-like name given at creation; it survives a rename. Once deleted, its id.',
    }),
    name: t.exposeString('name', { description: 'What people call it.' }),
    type: t.expose('type', {
      type: ChannelTypeEnum,
      description: 'What it connects to. Templates read it as `channel.type`.',
    }),
    settings: t.field({
      type: 'JSONObject',
      description:
        'Data of the caller. `whenBusy` decides what becomes of a message while a turn runs. For operators only.',
      resolve: ({ settings }, _args, ctx) => {
        requireOperatorRead(ctx);
        return settings;
      },
    }),
    active: t.exposeBoolean('active', { description: 'Whether messages are accepted over it.' }),
    worker: t.field({
      type: WorkerType,
      nullable: true,
      description: 'Whose assistants answer; null while nobody does. For operators only.',
      select: (_args, _ctx, selected) => ({ worker: selected() }),
      resolve: ({ worker }, _args, ctx) => {
        requireOperatorRead(ctx);
        return worker;
      },
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed.' }),
  }),
});

const ChannelConnection = builder.connectionObject(
  { type: ChannelType, name: 'ChannelConnection', description: 'A page of channels.' },
  { name: 'ChannelEdge', description: 'A channel in a list.' },
);

builder.prismaObjectField('Worker', 'channels', (t) =>
  t.connection(
    {
      type: ChannelType,
      description: 'The channels it answers on, oldest first.',
      select: (args, _ctx, selected) => ({ channels: oldestFirst.nested(args, selected, { deletedAt: null }) }),
      resolve: ({ channels }, args) => oldestFirst.connection(channels, args),
    },
    ChannelConnection,
  ),
);

export const ChannelReferenceInput = builder.inputType('ChannelReference', {
  description: 'Names a channel by exactly one of the two.',
  isOneOf: true,
  fields: (t) => ({
    id: t.id({ description: 'The id of the channel.' }),
    key: t.string({ description: 'The key of the channel.' }),
  }),
});

builder.queryFields((t) => ({
  channel: t.prismaField({
    type: 'Channel',
    nullable: true,
    description: 'One channel; null when there is none in this workspace.',
    args: { by: t.arg({ type: ChannelReferenceInput, required: true, description: 'Its id or its key.' }) },
    resolve: (query, _root, { by }, ctx) => findChannel(ctx, toChannelReference(by), query),
  }),
  channels: t.connection(
    {
      type: ChannelType,
      description: 'The channels of the workspace, oldest first.',
      resolve: async (_root, page, ctx, info) =>
        oldestFirst.connection(await listChannels(ctx, oldestFirst.queryFrom(page, ctx, info)), page),
    },
    ChannelConnection,
  ),
}));

const SETTINGS = 'Data of the caller; `whenBusy`, if present, is QUEUE, REJECT or INTERRUPT.';

builder.relayMutationField(
  'createChannel',
  {
    description: 'A new channel.',
    inputFields: (t) => ({
      name: t.string({ required: true, description: 'What people call it, 3 to 100 characters.' }),
      key: t.string({ description: 'Slug-like name, unique in the workspace. Made from the name when omitted.' }),
      type: t.field({
        type: ChannelTypeEnum,
        description: 'What it connects to; WEB when omitted. It cannot be changed.',
      }),
      settings: t.field({ type: 'JSONObject', description: SETTINGS }),
      active: t.boolean({ description: 'Whether messages are accepted over it; true when omitted.' }),
      workerId: t.id({ description: 'The id of the worker that answers.' }),
    }),
  },
  {
    description: 'Opens a channel.',
    errors: { types: [ConflictError, NotFoundError] },
    resolve: async (_root, { input }, ctx) => ({ channel: await createChannel(ctx, input) }),
  },
  {
    description: 'The new channel.',
    outputFields: (t) => ({
      channel: t.field({
        type: ChannelType,
        description: 'The channel with its id and key.',
        resolve: ({ channel }) => channel,
      }),
    }),
  },
);

builder.relayMutationField(
  'updateChannel',
  {
    description: 'Changes of a channel. Omitted fields keep what they are, null clears.',
    inputFields: (t) => ({
      channel: t.field({ type: ChannelReferenceInput, required: true, description: 'Its id or its key.' }),
      name: t.string({ description: 'What people call it, 3 to 100 characters.' }),
      settings: t.field({ type: 'JSONObject', description: `${SETTINGS} Replaces what is there.` }),
      active: t.boolean({ description: 'Whether messages are accepted over it.' }),
      workerId: t.id({ description: 'The id of the worker that answers; null: nobody does.' }),
    }),
  },
  {
    description: 'Changes a channel. Its key and type never change.',
    errors: { types: [NotFoundError] },
    resolve: async (_root, { input: { channel, ...changes } }, ctx) => ({
      channel: await updateChannel(ctx, toChannelReference(channel), changes),
    }),
  },
  {
    description: 'The channel as it is now.',
    outputFields: (t) => ({
      channel: t.field({
        type: ChannelType,
        description: 'The channel after the change.',
        resolve: ({ channel }) => channel,
      }),
    }),
  },
);

builder.relayMutationField(
  'deleteChannel',
  {
    description: 'Which channel to close for good.',
    inputFields: (t) => ({
      channel: t.field({ type: ChannelReferenceInput, required: true, description: 'Its id or its key.' }),
    }),
  },
  {
    description: 'Closes a channel for good and frees its key. The conversations held over it stay.',
    errors: { types: [NotFoundError] },
    resolve: async (_root, { input }, ctx) => ({ id: await deleteChannel(ctx, toChannelReference(input.channel)) }),
  },
  {
    description: 'What was deleted.',
    outputFields: (t) => ({
      deletedChannelId: t.exposeID('id', {
        description: 'The id of the channel; only the conversations held over it still lead to it.',
      }),
    }),
  },
);
