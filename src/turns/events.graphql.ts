import type { Context } from '../context.ts';
import { MessageType } from '../conversations/graphql.ts';
import { findMessage } from '../conversations/operations.ts';
import type { Message, Turn } from '../generated/prisma/client.ts';
import { builder } from '../graphql/builder.ts';
import { StageType } from '../stages/graphql.ts';
import { TurnType } from './graphql.ts';
import { followConversationEvents, followTurnEvents, getFollowedTurn, getReply, getTurn } from './operations.ts';
import type { StreamEvent } from './stream-events.ts';

type EventOf<Type extends StreamEvent['type']> = Extract<StreamEvent, { type: Type }>;
type OfTurn = Extract<StreamEvent, { turnId: string }>;

const ConversationEventType = builder.interfaceRef<StreamEvent>('ConversationEvent').implement({
  description: 'Something that happened in a conversation.',
  resolveType: ({ type }) => type,
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description: 'Where to go on: give it as `after` to be told everything behind this event.',
    }),
  }),
});

const TurnEventType = builder.interfaceRef<OfTurn>('TurnEvent').implement({
  description: 'Something that happened in a turn.',
  interfaces: [ConversationEventType],
  resolveType: ({ type }) => type,
  fields: (t) => ({
    turnId: t.exposeID('turnId', { description: 'The turn it happened in.' }),
  }),
});

const interfaces = [ConversationEventType, TurnEventType];

const turnOf = ({ turnId }: { turnId: string }, _args: object, ctx: Context): Promise<Turn> => getTurn(ctx, turnId);

builder.objectRef<EventOf<'TurnStarted'>>('TurnStarted').implement({
  description: 'The turn began to run. A second one means that it was begun again: text told before is void.',
  interfaces,
  fields: (t) => ({
    turn: t.field({ type: TurnType, description: 'The turn as it is when this is read.', resolve: turnOf }),
  }),
});

builder.objectRef<EventOf<'TurnTokens'>>('TurnTokens').implement({
  description: 'The next piece of the reply: append it. A fast reader gets single tokens, a slow one larger pieces.',
  interfaces,
  fields: (t) => ({ text: t.exposeString('text', { description: 'The piece.' }) }),
});

builder.objectRef<EventOf<'TurnToolCalled'>>('TurnToolCalled').implement({
  description: 'The assistant used one of its tools.',
  interfaces,
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Which tool: remember, forget or move_to_stage.' }),
    arguments: t.expose('arguments', {
      type: 'JSON',
      nullable: true,
      description: 'What the model gave it; text when it was not JSON, null when it was JSON null.',
    }),
    result: t.expose('result', {
      type: 'JSON',
      description: 'What the tool answered to the model; an object with `error` when the call was bad.',
    }),
  }),
});

builder.objectRef<EventOf<'MemoryRemembered'>>('MemoryRemembered').implement({
  description: 'The assistant kept a fact about the identity.',
  interfaces,
  fields: (t) => ({
    key: t.exposeString('key', { description: 'The dotted key of the fact.' }),
    value: t.expose('value', { type: 'JSON', nullable: true, description: 'The fact; null is a fact like any other.' }),
  }),
});

builder.objectRef<EventOf<'StageAssigned'>>('StageAssigned').implement({
  description: 'The assistant moved the identity to another stage.',
  interfaces,
  fields: (t) => ({
    stage: t.prismaField({
      type: StageType,
      description: 'The stage it is in now.',
      resolve: (query, { stageId }, _args, ctx) =>
        ctx.db.stage.findFirstOrThrow({ ...query, where: { id: stageId, workspaceId: ctx.workspaceId } }),
    }),
  }),
});

builder.objectRef<EventOf<'TurnCompleted'>>('TurnCompleted').implement({
  description: 'The reply is whole and stored. The last event of the turn.',
  interfaces,
  fields: (t) => ({
    turn: t.field({ type: TurnType, description: 'The turn with its usage and times.', resolve: turnOf }),
    reply: t.field({
      type: MessageType,
      description: 'The reply as it is stored: the text of all pieces.',
      resolve: ({ turnId }, _args, ctx): Promise<Message> => getReply(ctx, turnId),
    }),
  }),
});

builder.objectRef<EventOf<'TurnFailed'>>('TurnFailed').implement({
  description: 'There is no whole reply. The last event of the turn.',
  interfaces,
  fields: (t) => ({
    code: t.exposeString('code', { description: 'Stable word for programs, such as MODEL_TIMEOUT or INTERRUPTED.' }),
    message: t.exposeString('message', { description: 'A sentence for people.' }),
    turn: t.field({
      type: TurnType,
      description: 'The turn; its reply holds what was said until then.',
      resolve: turnOf,
    }),
  }),
});

builder.objectRef<EventOf<'TurnCancelled'>>('TurnCancelled').implement({
  description: 'Somebody stopped it. The last event of the turn.',
  interfaces,
  fields: (t) => ({
    turn: t.field({
      type: TurnType,
      description: 'The turn; its reply holds what was said until then.',
      resolve: turnOf,
    }),
  }),
});

builder.objectRef<EventOf<'StreamGap'>>('StreamGap').implement({
  description:
    'Events between your cursor and now are no longer kept. Replace what you have of this turn by `text` and go on.',
  interfaces,
  fields: (t) => ({ text: t.exposeString('text', { description: 'All text of the turn so far.' }) }),
});

builder.objectRef<EventOf<'MessageReceived'>>('MessageReceived').implement({
  description: 'A message was stored, by whatever door it came. The events of its turn follow, if it began one.',
  interfaces: [ConversationEventType],
  fields: (t) => ({
    turnId: t.exposeID('turnId', {
      nullable: true,
      description: 'The turn it began; null for a message outside any turn, such as an opening message.',
    }),
    message: t.prismaField({
      type: MessageType,
      nullable: true,
      description: 'The message; null when it has been erased since.',
      resolve: (query, { messageId }, _args, ctx) => findMessage(ctx, messageId, query),
    }),
  }),
});

builder.objectRef<EventOf<'ConversationSnapshot'>>('ConversationSnapshot').implement({
  description: 'The conversation as it is: what follows begins exactly behind it.',
  interfaces: [ConversationEventType],
  fields: (t) => ({
    messages: t.field({
      type: [MessageType],
      description: 'The latest 50 messages, oldest first.',
      resolve: ({ messages }) => messages,
    }),
    activeTurn: t.field({
      type: TurnType,
      nullable: true,
      description: 'The turn that runs; null when none does.',
      resolve: ({ activeTurn }) => activeTurn,
    }),
    textSoFar: t.exposeString('textSoFar', {
      description: 'The reply of the running turn up to here; empty when none runs.',
    }),
  }),
});

builder.subscriptionFields((t) => ({
  turnEvents: t.field({
    type: TurnEventType,
    description:
      'Follows one turn to its end. Without a cursor it is told from its beginning, also when it has ended already.',
    args: {
      turnId: t.arg.id({ required: true, description: 'The id of a turn, `trn_…`.' }),
      after: t.arg.string({ description: 'The cursor of the last event seen: only what follows is told.' }),
    },
    subscribe: async (_root, { turnId, after }, ctx) =>
      (await followTurnEvents(
        ctx,
        await getFollowedTurn(ctx, turnId, after ? { cursor: after, path: 'after' } : null),
        after,
      )) as AsyncIterableIterator<OfTurn>,
    resolve: (event) => event,
  }),
  conversationEvents: t.field({
    type: ConversationEventType,
    description:
      'Follows a conversation: a snapshot first, then everything that happens, through whatever door. It has no end.',
    args: {
      conversationId: t.arg.id({ required: true, description: 'The id of a conversation, `cnv_…`.' }),
      after: t.arg.string({
        description: 'The cursor of the last event seen: no snapshot, only what follows is told.',
      }),
    },
    subscribe: (_root, { conversationId, after }, ctx) => followConversationEvents(ctx, conversationId, after),
    resolve: (event) => event,
  }),
}));
