import { ConflictError, NotFoundError } from '../errors.ts';
import { builder } from '../graphql/builder.ts';
import { oldestFirst } from '../graphql/pages.ts';
import { StageReferenceInput } from '../stages/graphql.ts';
import { toStageReference } from '../stages/model.ts';
import { ownIdentity, requireRead } from '../workspaces/access.ts';
import { PermissionEnum } from '../workspaces/graphql.ts';
import type { Erasure } from './erasure.ts';
import { toIdentityReference } from './model.ts';
import { createAccessToken, deleteIdentity, findIdentity, listIdentities, upsertIdentity } from './operations.ts';

export const IdentityType = builder.prismaNode('Identity', {
  description: 'A user of the product: profile, current stage, memory and conversations over all channels.',
  nullable: true,
  id: { resolve: ({ id }) => id },
  findUnique: (id, ctx) => {
    requireRead(ctx);
    return { workspaceId_id: { workspaceId: ctx.workspaceId, id }, AND: ownIdentity(ctx) };
  },
  fields: (t) => ({
    externalId: t.exposeString('externalId', {
      nullable: true,
      description: "The caller's own id for this user, unique in the workspace; null when it has none.",
    }),
    name: t.exposeString('name', { nullable: true, description: 'What the user is called; null when nobody said.' }),
    phone: t.exposeString('phone', {
      nullable: true,
      description: 'E.164 is recommended, not demanded; null when nobody said.',
    }),
    email: t.exposeString('email', {
      nullable: true,
      description: 'Where the user gets mail; null when nobody said. It is not checked.',
    }),
    metadata: t.expose('metadata', {
      type: 'JSONObject',
      description:
        "Data of the caller, readable in templates as `identity.metadata`; also visible to the identity's own access token.",
    }),
    stage: t.relation('stage', {
      nullable: true,
      description: 'The stage the user is in; null before the first one was assigned.',
    }),
    stageEnteredAt: t.expose('stageEnteredAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the user came into that stage; null while there is none.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When its profile or stage was last changed.' }),
  }),
});

const IdentityConnection = builder.connectionObject(
  { type: IdentityType, name: 'IdentityConnection', description: 'A page of identities.' },
  { name: 'IdentityEdge', description: 'An identity in a list.' },
);

export const IdentityReferenceInput = builder.inputType('IdentityReference', {
  description: 'Names an identity by exactly one of the two.',
  isOneOf: true,
  fields: (t) => ({
    id: t.id({ description: 'The id of the identity.' }),
    externalId: t.string({ description: "The caller's own id for the user." }),
  }),
});

builder.queryFields((t) => ({
  identity: t.prismaField({
    type: 'Identity',
    nullable: true,
    description:
      'One identity; null when there is none in this workspace, or when it is not the one an access token is for.',
    args: { by: t.arg({ type: IdentityReferenceInput, required: true, description: 'Its id or its external id.' }) },
    resolve: (query, _root, { by }, ctx) => findIdentity(ctx, toIdentityReference(by), query),
  }),
  identities: t.connection(
    {
      type: IdentityType,
      description: 'The identities of the workspace, oldest first; an access token finds its own only.',
      args: {
        stage: t.arg({
          type: StageReferenceInput,
          description: 'Only those in this stage now; an unknown stage has nobody in it.',
        }),
        search: t.arg.string({
          description:
            'Only those with this text in their name, email, phone or external id, in any case; 200 characters at most.',
        }),
      },
      resolve: async (_root, { stage, search, ...page }, ctx, info) => {
        const filter = { stage: stage ? toStageReference(stage) : null, search: search ?? null };
        return oldestFirst.connection(await listIdentities(ctx, oldestFirst.queryFrom(page, ctx, info), filter), page);
      },
    },
    IdentityConnection,
  ),
}));

builder.relayMutationField(
  'upsertIdentity',
  {
    description: 'An identity and its profile. Omitted fields keep what they are, null clears.',
    inputFields: (t) => ({
      identity: t.field({
        type: IdentityReferenceInput,
        required: true,
        description: 'Which one. An external id nobody has yet makes a new identity; an unknown id does not.',
      }),
      externalId: t.string({
        description:
          'Its new external id, 1 to 200 characters, not beginning with `idn_`. It can be changed but not cleared.',
      }),
      name: t.string({ description: 'What the user is called, 200 characters at most.' }),
      phone: t.string({ description: 'E.164 is recommended, not demanded; 50 characters at most.' }),
      email: t.string({ description: 'Where the user gets mail, 320 characters at most.' }),
      metadata: t.field({ type: 'JSONObject', description: 'Data of the caller; replaces what is there.' }),
    }),
  },
  {
    description: 'Changes an identity, or creates it. Simultaneous calls for one external id make one identity.',
    errors: { types: [NotFoundError, ConflictError] },
    resolve: (_root, { input: { identity, ...changes } }, ctx) =>
      upsertIdentity(ctx, toIdentityReference(identity), changes),
  },
  {
    description: 'The identity as it is now.',
    outputFields: (t) => ({
      identity: t.field({ type: IdentityType, description: 'The whole profile.', resolve: ({ identity }) => identity }),
      created: t.exposeBoolean('created', { description: 'Whether it did not exist before.' }),
    }),
  },
);

const ErasureType = builder.objectRef<Erasure>('Erasure').implement({
  description: 'The receipt of an erasure: how much of each kind was deleted with an identity.',
  fields: (t) => ({
    identityId: t.exposeID('identityId', { description: 'The id of the identity, which names nothing any more.' }),
    conversations: t.exposeInt('conversations', { description: 'How many conversations, over all channels.' }),
    turns: t.exposeInt('turns', { description: 'How many turns, whatever their status.' }),
    messages: t.exposeInt('messages', { description: 'How many messages, of either side.' }),
    memoryEntries: t.exposeInt('memoryEntries', { description: 'How many memory entries.' }),
    transitions: t.exposeInt('transitions', { description: 'How many moves between stages.' }),
    prompts: t.exposeInt('prompts', { description: 'How many rendered instructions that only its turns had used.' }),
  }),
});

builder.relayMutationField(
  'deleteIdentity',
  {
    description: 'Whom to erase.',
    inputFields: (t) => ({
      identity: t.field({ type: IdentityReferenceInput, required: true, description: 'Its id or its external id.' }),
    }),
  },
  {
    description:
      'Erases an identity with its conversations, messages, turns, memory and moves, all or nothing. It cannot be undone.',
    errors: { types: [NotFoundError] },
    resolve: async (_root, { input }, ctx) => ({
      erasure: await deleteIdentity(ctx, toIdentityReference(input.identity)),
    }),
  },
  {
    description: 'What was erased.',
    outputFields: (t) => ({
      erasure: t.field({ type: ErasureType, description: 'The receipt.', resolve: ({ erasure }) => erasure }),
    }),
  },
);

builder.relayMutationField(
  'createAccessToken',
  {
    description: 'For whom, for what and for how long.',
    inputFields: (t) => ({
      identity: t.field({
        type: IdentityReferenceInput,
        required: true,
        description: 'The only identity the token will see.',
      }),
      permissions: t.field({
        type: [PermissionEnum],
        required: true,
        defaultValue: ['READ', 'WRITE'],
        description: 'What it allows: reading, sending messages, or both. It cannot exceed what the API key allows.',
      }),
      lifetimeMinutes: t.int({ required: true, defaultValue: 15, description: 'Minutes until it ends, 1 to 120.' }),
    }),
  },
  {
    description:
      'Makes a short-lived token for a browser or app: it sees one identity, its conversations and its turns. Needs an API key.',
    errors: { types: [NotFoundError] },
    resolve: (_root, { input: { identity, ...grant } }, ctx) =>
      createAccessToken(ctx, toIdentityReference(identity), grant),
  },
  {
    description: 'The token and what it is worth.',
    outputFields: (t) => ({
      token: t.exposeString('token', {
        description: 'What to send as `Authorization: Bearer …`, or as `?access_token=` to the REST stream.',
      }),
      expiresAt: t.expose('expiresAt', {
        type: 'DateTime',
        description: 'When it ends by itself; before that it ends with the API key that made it.',
      }),
      identity: t.field({ type: IdentityType, description: 'Whom it is for.', resolve: ({ identity }) => identity }),
    }),
  },
);
