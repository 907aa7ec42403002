import { AssistantType } from '../assistants/graphql.ts';
import { ConversationType, MessageType } from '../conversations/graphql.ts';
import type { Message } from '../generated/prisma/client.ts';
import { TurnStatus } from '../generated/prisma/enums.ts';
import { builder } from '../graphql/builder.ts';
import { Pages } from '../graphql/pages.ts';
import { StageType } from '../stages/graphql.ts';
import { ownedByIdentity, requireRead } from '../workspaces/access.ts';
import { presentCursor } from './following.ts';
import { findTurn } from './operations.ts';

const TurnStatusEnum = builder.enumType('TurnStatus', {
  description: 'Where a turn is: queued, then running, then one of three ends.',
  values: {
    [TurnStatus.QUEUED]: { description: 'Accepted and stored; waits for its place in the conversation.' },
    [TurnStatus.RUNNING]: { description: 'The assistant is answering.' },
    [TurnStatus.COMPLETED]: { description: 'The reply is whole and stored.' },
    [TurnStatus.FAILED]: {
      description: 'There is no whole reply; `error` says why. What was said until then is kept.',
    },
    [TurnStatus.CANCELLED]: { description: 'Somebody stopped it. What was said until then is kept.' },
  } as const,
});

const TurnErrorType = builder.objectRef<{ code: string; message: string }>('TurnError').implement({
  description: 'Why a turn failed.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'Stable word for programs, such as MODEL_TIMEOUT or INTERRUPTED.' }),
    message: t.exposeString('message', { description: 'A sentence for people.' }),
  }),
});

const TurnUsageType = builder
  .objectRef<{ inputTokens: number; outputTokens: number; exact: boolean }>('TurnUsage')
  .implement({
    description: 'What a turn cost at the model, in tokens.',
    fields: (t) => ({
      inputTokens: t.exposeInt('inputTokens', { description: 'Tokens of everything sent.' }),
      outputTokens: t.exposeInt('outputTokens', { description: 'Tokens of everything received.' }),
      exact: t.exposeBoolean('exact', {
        description: 'True when the endpoint counted; false when it was estimated here, as after a cancel.',
      }),
    }),
  });

export const TurnType = builder.prismaNode('Turn', {
  description: 'One message and its reply.',
  nullable: true,
  id: { resolve: ({ id }) => id },
  findUnique: (id, ctx) => {
    requireRead(ctx);
    return { workspaceId_id: { workspaceId: ctx.workspaceId, id }, AND: { conversation: ownedByIdentity(ctx) } };
  },
  fields: (t) => ({
    status: t.expose('status', { type: TurnStatusEnum, description: 'Where it is.' }),
    message: t.field({
      type: MessageType,
      description: 'What the identity said.',
      select: (_args, _ctx, nested) => ({ messages: nested({ orderBy: { id: 'asc' } }) }),
      resolve: ({ messages }) => messages.find(({ role }) => role === 'USER') as Message,
    }),
    reply: t.field({
      type: MessageType,
      nullable: true,
      description:
        'What the assistant said, also when it was stopped half-way; null until the turn has ended, or when nothing was said.',
      select: (_args, _ctx, nested) => ({ messages: nested({ orderBy: { id: 'asc' } }) }),
      resolve: ({ messages }) => messages.find(({ role }) => role === 'ASSISTANT') ?? null,
    }),
    conversation: t.relation('conversation', {
      type: ConversationType,
      description: 'The conversation it belongs to.',
    }),
    stage: t.relation('stage', {
      type: StageType,
      nullable: true,
      description: 'The stage it is pinned to; null when the identity was in none.',
    }),
    assistant: t.relation('assistant', {
      type: AssistantType,
      nullable: true,
      description: 'The assistant it is pinned to; null before the reply begins.',
    }),
    instructionsVersion: t.exposeInt('instructionsVersion', {
      nullable: true,
      description: "The version of the assistant's instructions it is pinned to; null before the reply begins.",
    }),
    model: t.exposeString('model', {
      nullable: true,
      description: 'The model that answers; null before the reply begins.',
    }),
    error: t.field({
      type: TurnErrorType,
      nullable: true,
      description: 'Why it failed; null for a turn that did not.',
      resolve: ({ errorCode, errorMessage }) =>
        errorCode === null ? null : { code: errorCode, message: errorMessage ?? '' },
    }),
    usage: t.field({
      type: TurnUsageType,
      nullable: true,
      description: 'What it cost; null until it has ended, or when the model was never asked.',
      resolve: ({ inputTokens, outputTokens, usageExact }) =>
        inputTokens === null || outputTokens === null
          ? null
          : { inputTokens, outputTokens, exact: usageExact ?? false },
    }),
    clientMessageId: t.exposeString('clientMessageId', {
      nullable: true,
      description: "The sender's own id of the message; null when it gave none.",
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the message was accepted.' }),
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it began to run; null while it waits.',
    }),
    firstTokenAt: t.expose('firstTokenAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the reply began; null before.',
    }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended; null before.',
    }),
  }),
});

const turnPages = new Pages({ number: 'number' }, 'asc');

const TurnConnection = builder.connectionObject(
  { type: TurnType, name: 'TurnConnection', description: 'A page of turns.' },
  { name: 'TurnEdge', description: 'A turn in a list.' },
);

builder.prismaObjectField(MessageType, 'turn', (t) =>
  t.relation('turn', {
    type: TurnType,
    nullable: true,
    description: 'The turn it belongs to; null for a message outside any turn.',
  }),
);

builder.prismaObjectFields(ConversationType, (t) => ({
  cursor: t.string({
    description: 'The present: `conversationEvents(after:)` tells what happens behind it.',
    resolve: (conversation, _args, ctx) => presentCursor(ctx, conversation),
  }),
  activeTurn: t.prismaField({
    type: TurnType,
    nullable: true,
    description: 'The turn that runs now; null when none does.',
    resolve: (query, { activeTurnId }, _args, ctx) => (activeTurnId ? findTurn(ctx, activeTurnId, query) : null),
  }),
  turns: t.connection(
    {
      type: TurnType,
      description: 'The turns of the conversation, in the order in which they were accepted.',
      select: (args, _ctx, selected) => ({ turns: turnPages.nested(args, selected) }),
      resolve: ({ turns }, args) => turnPages.connection(turns, args),
    },
    TurnConnection,
  ),
}));

builder.queryField('turn', (t) =>
  t.prismaField({
    type: TurnType,
    nullable: true,
    description: 'One turn; null when there is none in this workspace.',
    args: { id: t.arg.id({ required: true, description: 'The id of a turn, `trn_…`.' }) },
    resolve: (query, _root, { id }, ctx) => findTurn(ctx, id, query),
  }),
);
