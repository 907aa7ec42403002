import { ConflictError, NotFoundError } from '../errors.ts';
import { TransitionCause } from '../generated/prisma/enums.ts';
import { builder } from '../graphql/builder.ts';
import { UserError } from '../graphql/errors.ts';
import { oldestFirst } from '../graphql/pages.ts';
import { MAX_DEPTH } from '../stages/effects.ts';
import { StageReferenceInput, StageType } from '../stages/graphql.ts';
import { toStageReference } from '../stages/model.ts';
import { type FollowedTransition, followTransitions } from './followed-transitions.ts';
import { IdentityReferenceInput, IdentityType } from './graphql.ts';
import { toIdentityReference } from './model.ts';
import { assignStage, findTransition } from './operations.ts';
import { StageConflictError } from './stage-conflict.ts';
import { positionBehind } from './transition-cursors.ts';

const TransitionCauseEnum = builder.enumType('TransitionCause', {
  description: 'Who or what moved an identity.',
  values: {
    [TransitionCause.API]: { description: 'A call of `assignStage` or of the REST route.' },
    [TransitionCause.ASSISTANT]: { description: 'An assistant, in the turn named by `turnId`.' },
    [TransitionCause.RULE]: {
      description: 'An effect of the stage it was in, set off by the move named by `causedBy`.',
    },
  } as const,
});

export const StageTransitionType = builder.prismaObject('StageTransition', {
  description: 'One move of one identity from stage to stage. It is never changed afterwards.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Prefixed, sortable id.' }),
    identity: t.relation('identity', { description: 'Who was moved.' }),
    fromStage: t.relation('fromStage', {
      nullable: true,
      description: 'Where it was before; null when it was in no stage.',
    }),
    toStage: t.relation('toStage', { description: 'Where it is since then.' }),
    cause: t.expose('cause', { type: TransitionCauseEnum, description: 'Who or what moved it.' }),
    metadata: t.expose('metadata', {
      type: 'JSONObject',
      description: "Data of whoever moved it; also visible to the identity's own access token.",
    }),
    turnId: t.exposeID('turnId', {
      nullable: true,
      description: 'The turn in which an assistant moved it; null for every other cause.',
    }),
    depth: t.exposeInt('depth', {
      description: `How many moves led to this one by effects alone, 0 for one that was asked for. At ${MAX_DEPTH} the chain is cut: its stage moves nobody on.`,
    }),
    cursor: t.string({
      description: 'Where to go on after this move: give it to `stageTransitions` as `after`.',
      resolve: (transition, _args, ctx) => {
        const { position = positionBehind(transition) } = transition as Partial<FollowedTransition> & typeof transition;
        return ctx.transitionCursors.encode(ctx.workspaceId, position);
      },
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was moved.' }),
  }),
});

builder.prismaObjectField(StageTransitionType, 'causedBy', (t) =>
  t.prismaField({
    type: StageTransitionType,
    nullable: true,
    description: 'The move whose effect it is; null for every other cause than RULE.',
    resolve: (query, { causedById }, _args, ctx) => (causedById ? findTransition(ctx, causedById, query) : null),
  }),
);

const StageTransitionConnection = builder.connectionObject(
  { type: StageTransitionType, name: 'StageTransitionConnection', description: 'A page of moves.' },
  { name: 'StageTransitionEdge', description: 'A move in a list.' },
);

builder.prismaObjectField('Identity', 'transitions', (t) =>
  t.connection(
    {
      type: StageTransitionType,
      description: 'Every move between stages, oldest first.',
      select: (args, _ctx, selected) => ({ transitions: oldestFirst.nested(args, selected) }),
      resolve: ({ transitions }, args) => oldestFirst.connection(transitions, args),
    },
    StageTransitionConnection,
  ),
);

builder.objectType(StageConflictError, {
  name: 'StageConflictError',
  description: 'The identity is not in the stage its caller expected; nothing was changed.',
  interfaces: [UserError],
  isTypeOf: (value) => value instanceof StageConflictError,
  fields: (t) => ({
    actualStage: t.field({
      type: StageType,
      nullable: true,
      description: 'The stage it is really in; null when it is in none.',
      resolve: ({ actualStage }) => actualStage,
    }),
  }),
});

builder.relayMutationField(
  'assignStage',
  {
    description: 'Whom to move where.',
    inputFields: (t) => ({
      identity: t.field({ type: IdentityReferenceInput, required: true, description: 'Whom.' }),
      stage: t.field({
        type: StageReferenceInput,
        required: true,
        description: 'Into which stage; it must not be archived.',
      }),
      expectedStage: t.field({
        type: StageReferenceInput,
        description:
          'The stage the identity must be in now; otherwise nothing changes and the answer is a StageConflictError.',
      }),
      metadata: t.field({ type: 'JSONObject', description: 'Data to keep with the move.' }),
    }),
  },
  {
    description:
      'Moves an identity into a stage and logs the move. Naming the stage it is already in changes nothing and logs nothing.',
    errors: { types: [NotFoundError, StageConflictError, ConflictError] },
    resolve: (_root, { input: { identity, stage, expectedStage, metadata } }, ctx) =>
      assignStage(ctx, toIdentityReference(identity), { stage, expectedStage, metadata: metadata ?? {} }),
  },
  {
    description: 'The identity in its stage.',
    outputFields: (t) => ({
      identity: t.field({
        type: IdentityType,
        description: 'The identity as it is now.',
        resolve: ({ identity }) => identity,
      }),
    }),
  },
);

builder.subscriptionField('stageTransitions', (t) =>
  t.field({
    type: StageTransitionType,
    description:
      'The moves between stages from now on, or since a cursor: each is told once. An access token follows its own identity only.',
    args: {
      identity: t.arg({ type: IdentityReferenceInput, description: 'Only moves of this identity.' }),
      stage: t.arg({ type: StageReferenceInput, description: 'Only moves into this stage or out of it.' }),
      after: t.arg.string({ description: 'The cursor of the last move seen: everything since then is told first.' }),
    },
    subscribe: (_root, { identity, stage, after }, ctx) =>
      followTransitions(ctx, {
        identity: identity ? toIdentityReference(identity) : null,
        stage: stage ? toStageReference(stage) : null,
        after: after ?? null,
      }),
    resolve: (transition) => transition,
  }),
);
