import { ConflictError, NotFoundError } from '../errors.ts';
import { builder } from '../graphql/builder.ts';
import { StageEffectInput } from './effects.graphql.ts';
import { StageReferenceInput, StageType } from './graphql.ts';
import { toStageReference } from './model.ts';
import { archiveStage, createStage, updateStage } from './operations.ts';

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
      effects: t.field({
        type: [StageEffectInput],
        description: 'What is to happen to an identity that enters it, 20 at most; omitted: nothing.',
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
      effects: t.field({
        type: [StageEffectInput],
        description: 'What is to happen to an identity that enters it, 20 at most; replaces what is there.',
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
