import { ConflictError, NotFoundError } from '../errors.ts';
import { builder } from '../graphql/builder.ts';
import { ownPage } from '../graphql/cursors.ts';
import { operatorOnly, requireRead } from '../workspaces/access.ts';
import type { StageReference } from './model.ts';
import { archiveStage, createStage, findStage, listAllowedNext, listStages, updateStage } from './operations.ts';

export const StageType = builder.prismaNode('Stage', {
  description: "A named phase of the user's journey.",
  nullable: true,
  id: { resolve: ({ id }) => id },
  findUnique: (id, ctx) => {
    requireRead(ctx);
    return { id, workspaceId: ctx.workspaceId, ...operatorOnly(ctx) };
  },
  fields: (t) => ({
    key: t.exposeString('key', {
      description: 'Slug-like name given at creation; it survives a rename. Templates compare with it.',
    }),
    name: t.exposeString('name', { description: 'What people call it.' }),
    description: t.exposeString('description', {
      nullable: true,
      description: 'What it means; null when nobody said.',
    }),
    metadata: t.expose('metadata', {
      type: 'JSONObject',
      description:
        'Data of the caller, readable in templates as `identity.stage_metadata`; also visible to the access tokens of identities that have been in it.',
    }),
    archivedAt: t.expose('archivedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was taken out of use; null while it is in use.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed.' }),
  }),
});

builder.prismaObjectField(StageType, 'allowedNext', (t) =>
  t.field({
    type: [StageType],
    nullable: true,
    description:
      'The stages an identity may be moved to from here; null when any may follow, empty for an end of the journey. For operators only.',
    resolve: (stage, _args, ctx) => listAllowedNext(ctx, stage),
  }),
);

export const StageConnection = builder.connectionObject(
  { type: StageType, name: 'StageConnection', description: 'A page of stages.' },
  { name: 'StageEdge', description: 'A stage in a list.' },
);

export const StageReferenceInput = builder.inputType('StageReference', {
  description: 'Names a stage by exactly one of the two.',
  isOneOf: true,
  fields: (t) => ({
    id: t.id({ description: 'The id of the stage.' }),
    key: t.string({ description: 'The key of the stage.' }),
  }),
});

/** What `@oneOf` has checked already, as the model's type. */
export function toStageReference(input: { id?: string | null; key?: string | null }): StageReference {
  return input as StageReference;
}

builder.queryFields((t) => ({
  stage: t.prismaField({
    type: 'Stage',
    nullable: true,
    description: 'One stage, archived or not; null when there is none in this workspace.',
    args: { by: t.arg({ type: StageReferenceInput, required: true, description: 'Its id or its key.' }) },
    resolve: (query, _root, { by }, ctx) => findStage(ctx, toStageReference(by), query),
  }),
  stages: t.prismaConnection(
    {
      type: 'Stage',
      cursor: 'id',
      description: 'The stages of the workspace, oldest first.',
      args: {
        includeArchived: t.arg.boolean({ defaultValue: false, description: 'Whether to list archived stages too.' }),
      },
      resolve: (query, _root, { includeArchived, ...page }, ctx) =>
        listStages(ctx, ownPage(query, page, { workspaceId: ctx.workspaceId }), {
          includeArchived: includeArchived ?? false,
        }),
    },
    StageConnection,
  ),
}));

builder.relayMutationField(
  'createStage',
  {
    description: 'A new stage.',
    inputFields: (t) => ({
      name: t.string({ required: true, description: 'What people call it, 3 to 100 characters.' }),
      key: t.string({ description: 'Slug-like name, unique in the workspace. Made from the name when omitted.' }),
      description: t.string({ description: 'What it means.' }),
      metadata: t.field({ type: 'JSONObject', description: 'Data of the caller.' }),
      assistantId: t.id({
        description: "The assistant that answers while an identity is in it; omitted: the worker's default.",
      }),
      allowedNext: t.field({
        type: [StageReferenceInput],
        description:
          'The only stages that may follow it, 100 at most; omitted: any may. An empty list makes it an end.',
      }),
    }),
  },
  {
    description: 'Defines a stage.',
    errors: { types: [ConflictError] },
    resolve: async (_root, { input }, ctx) => ({ stage: await createStage(ctx, input) }),
  },
  {
    description: 'The stage that was defined.',
    outputFields: (t) => ({
      stage: t.field({ type: StageType, description: 'The stage with its id and key.', resolve: ({ stage }) => stage }),
    }),
  },
);

builder.relayMutationField(
  'updateStage',
  {
    description: 'Changes of a stage. Omitted fields keep what they are, null clears.',
    inputFields: (t) => ({
      stage: t.field({ type: StageReferenceInput, required: true, description: 'Its id or its key.' }),
      name: t.string({ description: 'What people call it, 3 to 100 characters.' }),
      description: t.string({ description: 'What it means.' }),
      metadata: t.field({ type: 'JSONObject', description: 'Data of the caller; replaces what is there.' }),
      assistantId: t.id({ description: 'The assistant that answers while an identity is in it.' }),
      allowedNext: t.field({
        type: [StageReferenceInput],
        description:
          'The only stages that may follow it, 100 at most; null lifts the limit, an empty list makes it an end.',
      }),
    }),
  },
  {
    description: 'Changes a stage. Its key never changes.',
    errors: { types: [NotFoundError] },
    resolve: async (_root, { input: { stage, ...changes } }, ctx) => ({
      stage: await updateStage(ctx, toStageReference(stage), changes),
    }),
  },
  {
    description: 'The stage as it is now.',
    outputFields: (t) => ({
      stage: t.field({ type: StageType, description: 'The stage after the change.', resolve: ({ stage }) => stage }),
    }),
  },
);

builder.relayMutationField(
  'archiveStage',
  {
    description: 'Which stage to take out of use.',
    inputFields: (t) => ({
      stage: t.field({ type: StageReferenceInput, required: true, description: 'Its id or its key.' }),
    }),
  },
  {
    description: 'Takes a stage out of use: nobody can be moved into it, those who are in it stay.',
    errors: { types: [NotFoundError] },
    resolve: async (_root, { input }, ctx) => ({ stage: await archiveStage(ctx, toStageReference(input.stage)) }),
  },
  {
    description: 'The archived stage.',
    outputFields: (t) => ({
      stage: t.field({
        type: StageType,
        description: 'The stage with the time of its archiving.',
        resolve: ({ stage }) => stage,
      }),
    }),
  },
);
