import { builder } from '../graphql/builder.ts';
import { oldestFirst } from '../graphql/pages.ts';
import { operatorOnly, requireRead } from '../workspaces/access.ts';
import { toStageReference } from './model.ts';
import { findStage, listAllowedNext, listStages } from './operations.ts';

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

builder.queryFields((t) => ({
  stage: t.prismaField({
    type: 'Stage',
    nullable: true,
    description: 'One stage, archived or not; null when there is none in this workspace.',
    args: { by: t.arg({ type: StageReferenceInput, required: true, description: 'Its id or its key.' }) },
    resolve: (query, _root, { by }, ctx) => findStage(ctx, toStageReference(by), query),
  }),
  stages: t.connection(
    {
      type: StageType,
      description: 'The stages of the workspace, oldest first.',
      args: {
        includeArchived: t.arg.boolean({ defaultValue: false, description: 'Whether to list archived stages too.' }),
      },
      resolve: async (_root, { includeArchived, ...page }, ctx, info) => {
        const query = oldestFirst.queryFrom(page, ctx, info);
        const stages = await listStages(ctx, query, { includeArchived: includeArchived ?? false });
        return oldestFirst.connection(stages, page);
      },
    },
    StageConnection,
  ),
}));
