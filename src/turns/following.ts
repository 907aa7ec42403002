import type { Context } from '../context.ts';
import type { Conversation, Prisma, Turn } from '../generated/prisma/client.ts';
import { notACursor, type Position } from './cursors.ts';
import { endEvent } from './end-event.ts';
import { FORGOTTEN, isFinal, type LoggedEvent } from './event-log.ts';
import { EventReader, type ReaderStart } from './reader.ts';
import type { StreamEvent } from './stream-events.ts';

/** How long an end takes at most from the database into the log of another process. */
const UNDER_WAY_MS = 2000;

export const WITH_REPLY = { messages: { where: { role: 'ASSISTANT' } } } satisfies Prisma.TurnInclude;

/** A turn as far as following it needs. */
export type FollowedTurn = Pick<Turn, 'id' | 'workspaceId' | 'conversationId' | 'number' | 'finishedAt'>;

/** Follows one turn from a position, or from its beginning; the last event is the turn's end. */
export async function followTurn(ctx: Context, turn: FollowedTurn, after: Position | null): Promise<EventReader> {
  if (after) requireSameConversation(after, turn.conversationId);
  return new EventReader({
    log: ctx.eventLog,
    conversationId: turn.conversationId,
    start: await startOfTurn(ctx, turn, after),
    cursorOf: cursorBehind(ctx, turn.conversationId),
    wanted: (event) => event.turnId === turn.id && event.type !== 'MessageReceived',
    isLast: isFinal,
    recover: toldOnce(() => recoverTurn(ctx, turn, 'something')),
    isOver: () => hasEnded(ctx, turn.id),
  });
}

async function startOfTurn(ctx: Context, turn: FollowedTurn, after: Position | null): Promise<ReaderStart> {
  if (after && after.turnNumber === turn.number && after.offset === null) return { events: [], position: null };
  const told = after ? 'something' : 'nothing';
  const position = after ?? (await ctx.eventLog.startOf(turn.conversationId, turn));
  if (!position || (after && after.turnNumber > turn.number)) return recoverTurn(ctx, turn, told);
  const read = await ctx.eventLog.read(turn.conversationId, position);
  if (read.gap) return recoverTurn(ctx, turn, told);
  const hasEnd = read.events.some((event) => event.turnId === turn.id && isFinal(event));
  // An end that is not behind the position will not come: the reader is told of it now.
  if (turn.finishedAt !== null && !hasEnd && !isUnderWay(ctx, turn.id, turn.finishedAt))
    return recoverTurn(ctx, turn, told);
  return { events: [], position };
}

/** Whether an end that is stored may still be on its way into the log; should it be lost there, the reader will find out. */
function isUnderWay({ eventLog, turns }: Context, turnId: string, finishedAt: Date): boolean {
  if (turns.findRunning(turnId)) return true;
  return eventLog.doubtAfterMs !== null && Date.now() - finishedAt.getTime() < UNDER_WAY_MS;
}

/** The turn so far, from the database and from what runs now: for a reader who was told nothing yet, or lost some of it. */
async function recoverTurn(
  ctx: Context,
  { id, workspaceId, conversationId, number }: FollowedTurn,
  told: 'nothing' | 'something',
): Promise<ReaderStart> {
  // The position is taken before the database is read: an end that is stored later is published behind it.
  const { position, running } = await ctx.eventLog.state(conversationId);
  const turn = await ctx.db.turn.findUnique({ where: { workspaceId_id: { workspaceId, id } }, include: WITH_REPLY });
  // It has been deleted with its identity: there is nothing more to tell.
  if (!turn) return { events: [], position: null };
  const text = turn.messages[0]?.text ?? (running?.turnId === id ? running.text : (turn.partialText ?? ''));
  const cursorAt = (offset: number | null) =>
    encodeCursor(ctx, conversationId, { ...position, turnNumber: number, offset });
  const events: StreamEvent[] = [];
  // Whoever is cut off behind the start lacks the text, wherever the log is by then.
  const unseen = encodeCursor(ctx, conversationId, { ...FORGOTTEN, turnNumber: number, offset: 0 });
  if (told === 'something') events.push({ type: 'StreamGap', turnId: id, text, cursor: cursorAt(text.length) });
  else if (turn.startedAt) events.push({ type: 'TurnStarted', turnId: id, cursor: unseen });
  if (told === 'nothing' && text !== '')
    events.push({ type: 'TurnTokens', turnId: id, text, cursor: cursorAt(text.length) });
  if (!turn.finishedAt) return { events, position };
  return { events: [...events, { ...endEvent(turn), turnId: id, cursor: cursorAt(null) }], position: null };
}

/** While the log cannot be reached its readers recover again and again: what has not changed meanwhile is not told again. */
export function toldOnce(recover: () => Promise<ReaderStart>): () => Promise<ReaderStart> {
  let told: string | null = null;
  return async () => {
    const before = told;
    const start = await recover();
    told = null;
    if (start.position?.epoch !== FORGOTTEN.epoch) return start;
    told = JSON.stringify(start.events.map(({ cursor: _cursor, ...event }) => event));
    return told === before ? { events: [], position: start.position } : start;
  };
}

/** Whether a turn has ended, or has been deleted. */
async function hasEnded({ db, workspaceId }: Context, id: string): Promise<boolean> {
  const turn = await db.turn.findUnique({
    where: { workspaceId_id: { workspaceId, id } },
    select: { finishedAt: true },
  });
  return turn === null || turn.finishedAt !== null;
}

/** In front of everything that is told of a turn: behind it come its events. */
export async function cursorBefore(ctx: Context, { id, conversationId, number }: Turn): Promise<string> {
  const start = (await ctx.eventLog.startOf(conversationId, { id, number })) ?? FORGOTTEN;
  return encodeCursor(ctx, conversationId, { ...start, turnNumber: number, offset: 0 });
}

/** The present of a conversation that was just read: behind it comes what has not happened yet. */
export async function presentCursor(ctx: Context, { id, turnCount, activeTurnId }: Conversation): Promise<string> {
  const { position, newestTurn, running } = await ctx.eventLog.state(id);
  // Since it was read, something happened that its reader has not seen: let the reader begin with a snapshot.
  const passed = newestTurn > turnCount || (running?.turnId ?? null) !== activeTurnId;
  return encodeCursor(ctx, id, {
    ...(passed ? FORGOTTEN : position),
    turnNumber: running?.turnNumber ?? turnCount,
    offset: passed ? 0 : (running?.text.length ?? 0),
  });
}

/** What gives the events of a conversation's log their cursors. */
export function cursorBehind(ctx: Context, conversationId: string): (epoch: string, event: LoggedEvent) => string {
  return (epoch, event) => {
    const { sequence, turnNumber } = event;
    const offset = isFinal(event) ? null : event.offset;
    return encodeCursor(ctx, conversationId, { epoch, sequence, turnNumber, offset });
  };
}

export function encodeCursor(
  ctx: Context,
  conversationId: string,
  { epoch, sequence, turnNumber, offset }: Omit<Position, 'conversationId'>,
): string {
  return ctx.cursors.encode(ctx.workspaceId, { conversationId, epoch, sequence, turnNumber, offset });
}

export function requireSameConversation({ conversationId }: Position, expected: string): void {
  if (conversationId !== expected) throw notACursor();
}
