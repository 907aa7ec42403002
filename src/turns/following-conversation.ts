import type { Context } from '../context.ts';
import type { Turn } from '../generated/prisma/client.ts';
import type { Position } from './cursors.ts';
import { FORGOTTEN, isFinal, type LoggedEvent, type LogState } from './event-log.ts';
import { cursorBehind, encodeCursor, requireSameConversation, toldOnce, WITH_REPLY } from './following.ts';
import { EventReader, type ReaderStart } from './reader.ts';
import type { StreamEvent } from './stream-events.ts';

/** How many of the latest messages a conversation's snapshot shows. */
const SNAPSHOT_MESSAGES = 50;
/** One doubt in so many is about a turn that was never told of. */
const DOUBTS_PER_QUESTION = 5;

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
  const told = new Told(ctx, conversationId, after);
  return new EventReader({
    log: ctx.eventLog,
    conversationId,
    start: told.begin(await (after ? startBehind(ctx, after, inSnapshot) : snapshot(ctx, conversationId, inSnapshot))),
    cursorOf: cursorBehind(ctx, conversationId),
    // What a snapshot shows whole is not told again: a message, or a turn whose reply it has.
    wanted: (event) => {
      told.take(event);
      return !inSnapshot.has(event.type === 'MessageReceived' ? event.messageId : event.turnId);
    },
    isLast: () => false,
    recover: toldOnce(async () => told.begin(await snapshot(ctx, conversationId, inSnapshot))),
    isOver: () => told.isOutdated(),
  });
}

/** What a reader knows of the turns of a conversation. */
class Told {
  readonly #ctx: Context;
  readonly #conversationId: string;
  #newestTurn: number;
  /** The turns of which it knows no end. */
  readonly #unfinished = new Set<string>();
  #doubts = 0;

  constructor(ctx: Context, conversationId: string, after: Position | null) {
    this.#ctx = ctx;
    this.#conversationId = conversationId;
    this.#newestTurn = after?.turnNumber ?? 0;
  }

  begin(start: ReaderStart): ReaderStart {
    for (const event of start.events) {
      if (event.type !== 'ConversationSnapshot') continue;
      this.#newestTurn = event.messages.at(-1)?.turnNumber ?? 0;
      this.#unfinished.clear();
      if (event.activeTurn) this.#unfinished.add(event.activeTurn.id);
    }
    return start;
  }

  take(event: LoggedEvent): void {
    this.#doubts = 0;
    if (event.type === 'TurnTokens' || event.turnId === null) return;
    this.#newestTurn = Math.max(this.#newestTurn, event.turnNumber);
    if (isFinal(event)) this.#unfinished.delete(event.turnId);
    else this.#unfinished.add(event.turnId);
  }

  /** Whether the database knows what should have been told: the end of a turn, or, asked less often, a newer one. */
  async isOutdated(): Promise<boolean> {
    const { db, workspaceId } = this.#ctx;
    const id = { in: [...this.#unfinished] };
    if (
      this.#unfinished.size > 0 &&
      (await db.turn.count({ where: { workspaceId, id, finishedAt: { not: null } } })) > 0
    )
      return true;
    this.#doubts += 1;
    if (this.#doubts % DOUBTS_PER_QUESTION !== 0) return false;
    const where = { workspaceId_id: { workspaceId, id: this.#conversationId } };
    const conversation = await db.conversation.findUnique({ where, select: { turnCount: true } });
    return conversation === null || conversation.turnCount > this.#newestTurn;
  }
}

/** Behind a position that is gone from the log: what became of the turn it stands in, then everything as it is. */
async function startBehind(ctx: Context, after: Position, inSnapshot: Set<string>): Promise<ReaderStart> {
  const read = await ctx.eventLog.read(after.conversationId, after);
  if (!read.gap) return { events: [], position: after };
  const gap = await gapOf(ctx, after);
  const { events, position } = await snapshot(ctx, after.conversationId, inSnapshot);
  return { events: [...gap, ...events], position };
}

async function snapshot(
  ctx: Context,
  conversationId: string,
  inSnapshot: Set<string>,
  announced = false,
): Promise<ReaderStart> {
  // Before the database, so that whatever is stored between the two is told behind the snapshot or left out as known.
  const state = await ctx.eventLog.state(conversationId);
  const conversation = await ctx.db.conversation.findUnique({
    where: { workspaceId_id: { workspaceId: ctx.workspaceId, id: conversationId } },
    include: { messages: { orderBy: [{ turnNumber: 'desc' }, { id: 'desc' }], take: SNAPSHOT_MESSAGES } },
  });
  if (!conversation) return { events: [], position: null };
  // A log that was begun anew would be told of them later, behind the snapshot in which they are.
  const unknown = !announced && conversation.turnCount > state.newestTurn && state.position.epoch !== FORGOTTEN.epoch;
  if (unknown && (await announceWaiting(ctx, conversationId, state.newestTurn)))
    return snapshot(ctx, conversationId, inSnapshot, true);
  const messages = conversation.messages.reverse();
  inSnapshot.clear();
  for (const { id, role, turnId } of messages) inSnapshot.add(role === 'ASSISTANT' && turnId ? turnId : id);
  const activeTurn = await activeTurnOf(ctx, state, conversation.activeTurnId, inSnapshot);
  const textSoFar = activeTurn ? textOf(activeTurn, state) : '';
  const cursor = encodeCursor(ctx, conversationId, {
    ...state.position,
    turnNumber: activeTurn?.number ?? conversation.turnCount,
    offset: textSoFar.length,
  });
  return {
    events: [{ type: 'ConversationSnapshot', messages, activeTurn, textSoFar, cursor }],
    position: state.position,
  };
}

/** Tells the log of the turns behind one that have not ended; false: there are none. */
async function announceWaiting(ctx: Context, conversationId: string, newestTurn: number): Promise<boolean> {
  const waiting = await ctx.db.turn.findMany({
    where: { workspaceId: ctx.workspaceId, conversationId, number: { gt: newestTurn }, finishedAt: null },
    orderBy: { number: 'asc' },
    select: { id: true, number: true, messages: { where: { role: 'USER' }, select: { id: true } } },
  });
  for (const { messages, ...turn } of waiting)
    for (const { id: messageId } of messages) ctx.eventLog.announce(conversationId, { ...turn, messageId });
  return waiting.length > 0;
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
      cursor: encodeCursor(ctx, conversationId, after),
    },
  ];
}
