import type { Context } from '../context.ts';
import type { Conversation, Prisma, Turn } from '../generated/prisma/client.ts';
import { notACursor, type Position } from './cursors.ts';
import { endEvent } from './end-event.ts';
import { FORGOTTEN, isFinal, type LogState } from './event-log.ts';
import { EventReader, type ReaderStart } from './reader.ts';
import type { StreamEvent } from './stream-events.ts';

/** How many of the latest messages a conversation's snapshot shows. */
const SNAPSHOT_MESSAGES = 50;

/** How long an end takes at most from the database into the log of another process. */
const UNDER_WAY_MS = 2000;

const WITH_REPLY = { messages: { where: { role: 'ASSISTANT' } } } satisfies Prisma.TurnInclude;

/** A turn as far as following it needs. */
export type FollowedTurn = Pick<Turn, 'id' | 'workspaceId' | 'conversationId' | 'number' | 'finishedAt'>;

/** Follows one turn from a position, or from its beginning; the last event is the turn's end. */
export async function followTurn(ctx: Context, turn: FollowedTurn, after: Position | null): Promise<EventReader> {
  if (after) requireSameConversation(after, turn.conversationId);
  return new EventReader({
    log: ctx.eventLog,
    conversationId: turn.conversationId,
    start: await startOfTurn(ctx, turn, after),
    cursorOf: (epoch, event) =>
      encode(ctx, turn.conversationId, { ...event, epoch, offset: isFinal(event) ? null : event.offset }),
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
  if (turn.finishedAt !== null && !hasEnd && !isUnderWay(ctx, turn.finishedAt)) return recoverTurn(ctx, turn, told);
  return { events: [], position };
}

/** Whether an end that is stored may still be on its way into the log; should it be lost there, the reader will find out. */
function isUnderWay({ eventLog }: Context, finishedAt: Date): boolean {
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
  const cursorAt = (offset: number | null) => encode(ctx, conversationId, { ...position, turnNumber: number, offset });
  const events: StreamEvent[] = [];
  // Whoever is cut off behind the start lacks the text, wherever the log is by then.
  const unseen = encode(ctx, conversationId, { ...FORGOTTEN, turnNumber: number, offset: 0 });
  if (told === 'something') events.push({ type: 'StreamGap', turnId: id, text, cursor: cursorAt(text.length) });
  else if (turn.startedAt) events.push({ type: 'TurnStarted', turnId: id, cursor: unseen });
  if (told === 'nothing' && text !== '')
    events.push({ type: 'TurnTokens', turnId: id, text, cursor: cursorAt(text.length) });
  if (!turn.finishedAt) return { events, position };
  return { events: [...events, { ...endEvent(turn), turnId: id, cursor: cursorAt(null) }], position: null };
}

/**
 * Follows a conversation: a snapshot first, unless a position is given, then everything that happens. It has no end
 * but the deletion of the conversation.
 */
export async function followConversation(
  ctx: Context,
  conversationId: string,
  after: Position | null,
): Promise<EventReader> {
  if (after) requireSameConversation(after, conversationId);
  const inSnapshot = new Set<string>();
  /** The turn that runs, as far as was told. */
  let running: string | null = null;
  const begin = async (start: Promise<ReaderStart>) => {
    for (const event of (await start).events)
      if (event.type === 'ConversationSnapshot') running = event.activeTurn?.id ?? null;
    return start;
  };
  return new EventReader({
    log: ctx.eventLog,
    conversationId,
    start: await begin(after ? startBehind(ctx, after, inSnapshot) : snapshot(ctx, conversationId, inSnapshot)),
    cursorOf: (epoch, event) =>
      encode(ctx, conversationId, { ...event, epoch, offset: isFinal(event) ? null : event.offset }),
    // What a snapshot shows whole is not told again: a message, or a turn whose reply it has.
    wanted: (event) => {
      if (event.type === 'TurnStarted') running = event.turnId;
      else if (isFinal(event) && event.turnId === running) running = null;
      return !inSnapshot.has(event.type === 'MessageReceived' ? event.messageId : event.turnId);
    },
    isLast: () => false,
    recover: toldOnce(() => begin(snapshot(ctx, conversationId, inSnapshot))),
    isOver: async () => running !== null && (await hasEnded(ctx, running)),
  });
}

/** While the log cannot be reached its readers recover again and again: what has not changed meanwhile is not told again. */
function toldOnce(recover: () => Promise<ReaderStart>): () => Promise<ReaderStart> {
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

/** Also true once it has been deleted. */
async function hasEnded({ db, workspaceId }: Context, id: string): Promise<boolean> {
  const turn = await db.turn.findUnique({
    where: { workspaceId_id: { workspaceId, id } },
    select: { finishedAt: true },
  });
  return turn === null || turn.finishedAt !== null;
}

/** Behind a position that is gone from the log: what became of the turn it stands in, then everything as it is. */
async function startBehind(ctx: Context, after: Position, inSnapshot: Set<string>): Promise<ReaderStart> {
  const read = await ctx.eventLog.read(after.conversationId, after);
  if (!read.gap) return { events: [], position: after };
  const gap = await gapOf(ctx, after);
  const { events, position } = await snapshot(ctx, after.conversationId, inSnapshot);
  return { events: [...gap, ...events], position };
}

async function snapshot(ctx: Context, conversationId: string, inSnapshot: Set<string>): Promise<ReaderStart> {
  // Before the database, so that whatever is stored between the two is told behind the snapshot or left out as known.
  const state = await ctx.eventLog.state(conversationId);
  const conversation = await ctx.db.conversation.findUnique({
    where: { workspaceId_id: { workspaceId: ctx.workspaceId, id: conversationId } },
    include: { messages: { orderBy: [{ turnNumber: 'desc' }, { id: 'desc' }], take: SNAPSHOT_MESSAGES } },
  });
  if (!conversation) return { events: [], position: null };
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
  return {
    events: [{ type: 'ConversationSnapshot', messages, activeTurn, textSoFar, cursor }],
    position: state.position,
  };
}

async function activeTurnOf(
  ctx: Context,
  { running }: LogState,
  activeTurnId: string | null,
  inSnapshot: Set<string>,
): Promise<Turn | null> {
  const id = running?.turnId ?? activeTurnId;
  if (!id || inSnapshot.has(id)) return null;
  return ctx.db.turn.findUnique({ where: { workspaceId_id: { workspaceId: ctx.workspaceId, id } } });
}

function textOf({ id, partialText }: Turn, { running }: LogState): string {
  return running?.turnId === id ? running.text : (partialText ?? '');
}

async function gapOf(ctx: Context, after: Position): Promise<StreamEvent[]> {
  const { workspaceId } = ctx;
  const { conversationId, turnNumber: number } = after;
  const state = await ctx.eventLog.state(conversationId);
  const turn = await ctx.db.turn.findUnique({
    where: { workspaceId_conversationId_number: { workspaceId, conversationId, number } },
    include: WITH_REPLY,
  });
  if (!turn) return [];
  // Its cursor is the old one: whoever is cut off before the snapshot still lacks it.
  return [
    {
      type: 'StreamGap',
      turnId: turn.id,
      text: turn.messages[0]?.text ?? textOf(turn, state),
      cursor: encode(ctx, conversationId, after),
    },
  ];
}

/** In front of everything that is told of a turn: behind it come its events. */
export async function cursorBefore(ctx: Context, { id, conversationId, number }: Turn): Promise<string> {
  const start = (await ctx.eventLog.startOf(conversationId, { id, number })) ?? FORGOTTEN;
  return encode(ctx, conversationId, { ...start, turnNumber: number, offset: 0 });
}

/** The present of a conversation that was just read: behind it comes what has not happened yet. */
export async function presentCursor(ctx: Context, { id, turnCount, activeTurnId }: Conversation): Promise<string> {
  const { position, newestTurn, running } = await ctx.eventLog.state(id);
  // Since it was read, something happened that its reader has not seen: let the reader begin with a snapshot.
  const passed = newestTurn > turnCount || (running?.turnId ?? null) !== activeTurnId;
  return encode(ctx, id, {
    ...(passed ? FORGOTTEN : position),
    turnNumber: running?.turnNumber ?? turnCount,
    offset: passed ? 0 : (running?.text.length ?? 0),
  });
}

function encode(
  ctx: Context,
  conversationId: string,
  { epoch, sequence, turnNumber, offset }: Omit<Position, 'conversationId'>,
): string {
  return ctx.cursors.encode(ctx.workspaceId, { conversationId, epoch, sequence, turnNumber, offset });
}

function requireSameConversation({ conversationId }: Position, expected: string): void {
  if (conversationId !== expected) throw notACursor();
}
