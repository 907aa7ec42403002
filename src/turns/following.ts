import type { Context } from '../context.ts';
import { InvalidInputError } from '../errors.ts';
import type { Message, Prisma, Turn } from '../generated/prisma/client.ts';
import type { Position } from './cursors.ts';
import { isFinal, type LogPosition, type LogState } from './event-log.ts';
import { EventReader, type ReaderStart } from './reader.ts';
import type { StreamEvent, TurnStreamEvent } from './stream-events.ts';

/** How many of the latest messages a conversation's snapshot shows. */
const SNAPSHOT_MESSAGES = 50;

const WITH_REPLY = { messages: { where: { role: 'ASSISTANT' } } } satisfies Prisma.TurnInclude;
type TurnWithReply = Turn & { messages: Message[] };

/** Follows one turn from a position, or from its beginning; the last event is the turn's end. */
export async function followTurn(ctx: Context, turn: Turn, after: Position | null): Promise<EventReader> {
  if (after) requireSameConversation(after, turn.conversationId);
  const recover = (told: 'nothing' | 'something') => recoverTurn(ctx, turn, told);
  return new EventReader({
    log: ctx.eventLog,
    conversationId: turn.conversationId,
    start: await startOfTurn(ctx, turn, after),
    cursorOf: (epoch, event) => encode(ctx, turn.conversationId, { ...event, epoch, offset: isFinal(event) ? null : event.offset }),
    wanted: (event) => event.turnId === turn.id && event.type !== 'MessageReceived',
    isLast: isFinal,
    recover: () => recover('something'),
  });
}

async function startOfTurn(ctx: Context, turn: Turn, after: Position | null): Promise<ReaderStart> {
  if (after && after.turnNumber === turn.number && after.offset === null) return { events: [], position: null };
  const position = after ?? ctx.eventLog.startOf(turn.conversationId, turn.id);
  if (!position) return recoverTurn(ctx, turn, 'nothing');
  if (after && after.turnNumber > turn.number) return recoverTurn(ctx, turn, 'something');
  const read = ctx.eventLog.read(turn.conversationId, position);
  if (read.gap) return recoverTurn(ctx, turn, after ? 'something' : 'nothing');
  return { events: [], position };
}

/** The turn so far, from the database and from what runs now: for a reader who was told nothing yet, or lost some of it. */
async function recoverTurn(ctx: Context, { id, workspaceId, conversationId, number }: Turn, told: 'nothing' | 'something'): Promise<ReaderStart> {
  // The position is taken before the database is read: an end that is stored later is published behind it.
  const { position, running } = ctx.eventLog.state(conversationId);
  const turn = await ctx.db.turn.findUnique({ where: { workspaceId_id: { workspaceId, id } }, include: WITH_REPLY });
  if (!turn) return { events: [], position: null };
  const text = turn.messages[0]?.text ?? (running?.turnId === id ? running.text : (turn.partialText ?? ''));
  const cursorAt = (offset: number | null) => encode(ctx, conversationId, { ...position, turnNumber: number, offset });
  const begun: TurnStreamEvent[] = told === 'something' ? [{ type: 'StreamGap', turnId: id, text }] : beginning(turn, text);
  const events: StreamEvent[] = begun.map((event) => ({ ...event, cursor: cursorAt(text.length) }));
  const end = endEvent(turn);
  if (!end) return { events, position };
  return { events: [...events, { ...end, cursor: cursorAt(null) }], position: null };
}

function beginning({ id, startedAt }: Turn, text: string): TurnStreamEvent[] {
  const events: TurnStreamEvent[] = startedAt ? [{ type: 'TurnStarted', turnId: id }] : [];
  return text === '' ? events : [...events, { type: 'TurnTokens', turnId: id, text }];
}

/** The final event of a turn that has ended, else null. */
function endEvent({ id, status, errorCode, errorMessage }: Turn): TurnStreamEvent | null {
  if (status === 'COMPLETED') return { type: 'TurnCompleted', turnId: id };
  if (status === 'CANCELLED') return { type: 'TurnCancelled', turnId: id };
  if (status === 'FAILED') return { type: 'TurnFailed', turnId: id, code: errorCode ?? 'INTERNAL', message: errorMessage ?? '' };
  return null;
}

/** Follows a conversation: a snapshot first, unless a position is given, then everything that happens. It has no end. */
export async function followConversation(ctx: Context, conversationId: string, after: Position | null): Promise<EventReader> {
  if (after) requireSameConversation(after, conversationId);
  const inSnapshot = new Set<string>();
  return new EventReader({
    log: ctx.eventLog,
    conversationId,
    start: after ? { events: [], position: after } : await snapshot(ctx, conversationId, inSnapshot),
    cursorOf: (epoch, event) => encode(ctx, conversationId, { ...event, epoch, offset: isFinal(event) ? null : event.offset }),
    // What a snapshot shows whole is not told again: a message, or a turn whose reply it has.
    wanted: (event) => !inSnapshot.has(event.type === 'MessageReceived' ? event.messageId : event.turnId),
    isLast: () => false,
    recover: async () => {
      const gap = after ? await gapOf(ctx, conversationId, after) : [];
      const { events, position } = await snapshot(ctx, conversationId, inSnapshot);
      return { events: [...gap, ...events], position };
    },
  });
}

async function snapshot(ctx: Context, conversationId: string, inSnapshot: Set<string>): Promise<ReaderStart> {
  const state = ctx.eventLog.state(conversationId);
  const conversation = await ctx.db.conversation.findUniqueOrThrow({
    where: { workspaceId_id: { workspaceId: ctx.workspaceId, id: conversationId } },
    include: { messages: { orderBy: [{ turnNumber: 'desc' }, { id: 'desc' }], take: SNAPSHOT_MESSAGES } },
  });
  const messages = conversation.messages.reverse();
  inSnapshot.clear();
  for (const { id, role, turnId } of messages) inSnapshot.add(role === 'ASSISTANT' && turnId ? turnId : id);
  const activeTurn = await activeTurnOf(ctx, state, conversation.activeTurnId, inSnapshot);
  const textSoFar = activeTurn ? textOf(activeTurn, state) : '';
  const cursor = encode(ctx, conversationId, {
    ...state.position,
    turnNumber: activeTurn?.number ?? conversation.turnCount,
    offset: textSoFar.length,
  });
  return { events: [{ type: 'ConversationSnapshot', messages, activeTurn, textSoFar, cursor }], position: state.position };
}

/** The turn that was running when the state was taken, unless its reply is in the snapshot already. */
async function activeTurnOf(ctx: Context, { running }: LogState, activeTurnId: string | null, inSnapshot: Set<string>): Promise<Turn | null> {
  const id = running?.turnId ?? activeTurnId;
  if (!id || inSnapshot.has(id)) return null;
  return ctx.db.turn.findUnique({ where: { workspaceId_id: { workspaceId: ctx.workspaceId, id } } });
}

function textOf({ id, partialText }: Turn, { running }: LogState): string {
  return running?.turnId === id ? running.text : (partialText ?? '');
}

async function gapOf(ctx: Context, conversationId: string, { turnNumber }: Position): Promise<StreamEvent[]> {
  const { workspaceId } = ctx;
  const turn = await ctx.db.turn.findUnique({
    where: { workspaceId_conversationId_number: { workspaceId, conversationId, number: turnNumber } },
    include: WITH_REPLY,
  });
  if (!turn) return [];
  const state = ctx.eventLog.state(conversationId);
  const text = (turn as TurnWithReply).messages[0]?.text ?? textOf(turn, state);
  return [{ type: 'StreamGap', turnId: turn.id, text, cursor: encode(ctx, conversationId, { ...state.position, turnNumber, offset: text.length }) }];
}

/** The cursor of a conversation's present: behind it comes what has not happened yet. */
export function presentCursor(ctx: Context, conversationId: string, turnNumber: number, position: LogPosition): string {
  return encode(ctx, conversationId, { ...position, turnNumber, offset: 0 });
}

function encode(ctx: Context, conversationId: string, { epoch, sequence, turnNumber, offset }: Omit<Position, 'conversationId'>): string {
  return ctx.cursors.encode(ctx.workspaceId, { conversationId, epoch, sequence, turnNumber, offset });
}

function requireSameConversation({ conversationId }: Position, expected: string): void {
  if (conversationId !== expected) throw new InvalidInputError([{ path: 'after', message: 'is a cursor of another conversation' }]);
}
