import type { ChannelReference } from '../channels/model.ts';
import type { Context } from '../context.ts';
import { NotFoundError, UnavailableError } from '../errors.ts';
import type { Message, Prisma, Turn } from '../generated/prisma/client.ts';
import type { IdentityReference } from '../identities/model.ts';
import { canName, parseInput } from '../input.ts';
import { mayRead, ownedByIdentity, requireRead, requireWrite } from '../workspaces/access.ts';
import { type Accepted, acceptMessage } from './accept.ts';
import { notACursor } from './cursors.ts';
import { cursorBefore, type FollowedTurn, followTurn } from './following.ts';
import { followConversation } from './following-conversation.ts';
import { sendMessageInput, type TurnReference } from './model.ts';
import type { EventReader } from './reader.ts';
import { findRoute } from './route.ts';
import { cancelQueuedTurn, findUnfinishedBefore } from './storage.ts';
import { limitsTurns, requireTurnAllowed } from './turn-limits.ts';

type TurnQuery = Pick<Prisma.TurnFindManyArgs, 'include' | 'cursor' | 'take' | 'skip'>;

/** Reads only what the credentials show. */
function visibleTurns(ctx: Context) {
  return { workspaceId: ctx.workspaceId, conversation: ownedByIdentity(ctx) } satisfies Prisma.TurnWhereInput;
}

export async function findTurn(ctx: Context, id: string, query: TurnQuery = {}): Promise<Turn | null> {
  requireRead(ctx);
  if (!canName({ id })) return null;
  return ctx.db.turn.findFirst({ ...query, where: { id, ...visibleTurns(ctx) } });
}

/** Throws NotFoundError. */
export async function getTurn(ctx: Context, id: string): Promise<Turn> {
  const turn = await findTurn(ctx, id);
  if (!turn) throw new NotFoundError('There is no turn with this id.');
  return turn;
}

/**
 * A turn to follow; one that runs in this process is known without asking the database. Whoever may only write needs a
 * cursor that stands in the turn, as the sender of its message got it. Throws NotFoundError.
 */
export async function getFollowedTurn(
  ctx: Context,
  id: string,
  after?: { cursor: string; path: string } | null,
): Promise<FollowedTurn> {
  if (after && !mayRead(ctx)) {
    const turn = await turnAt(ctx, after.cursor, after.path);
    if (turn.id === id) return turn;
  }
  requireRead(ctx);
  const { workspaceId } = ctx;
  const { identityId } = ctx.access;
  const running = ctx.turns.findRunning(id);
  const visible = running?.turn.workspaceId === workspaceId && (!identityId || running.identityId === identityId);
  return running && visible ? { ...running.turn, finishedAt: null } : getTurn(ctx, id);
}

/** The stored reply of a turn, for whoever follows it; throws NotFoundError when there is none. */
export async function getReply(ctx: Context, turnId: string): Promise<Message> {
  const reply = await ctx.db.message.findFirst({
    where: { turnId, role: 'ASSISTANT', workspaceId: ctx.workspaceId, conversation: ownedByIdentity(ctx) },
  });
  if (!reply) throw new NotFoundError('This turn has no reply.');
  return reply;
}

export interface SentMessage {
  turn: Turn;
  message: Message;
  /** Behind it come the events of the turn. */
  cursor: string;
}

/**
 * Commits a message and its turn, then lets the turn run; returns before the model is called. Sending the same message
 * under the same client message id again answers the same turn. Throws InvalidInputError, NotFoundError for the identity or the
 * channel, ConflictError when nobody answers there, the conversation is busy or the id was used for another message, LimitExceededError
 * when there are too many, UnavailableError once the server is stopping.
 */
export async function sendMessage(
  ctx: Context,
  { identity, channel, ...rest }: { identity: IdentityReference; channel: ChannelReference } & Record<string, unknown>,
): Promise<SentMessage> {
  requireWrite(ctx);
  if (ctx.turns.stopping) throw new UnavailableError('The server is stopping. Send the message again in a moment.');
  const input = parseInput(sendMessageInput, rest);
  const route = await findRoute(ctx, identity, channel);
  if (limitsTurns(ctx)) await requireTurnAllowed(ctx, route, input.clientMessageId ?? null);
  const whenBusy = input.whenBusy ?? route.whenBusy;
  const accepted = await acceptMessage(ctx, route, {
    ...input,
    clientMessageId: input.clientMessageId ?? null,
    whenBusy,
  });
  const { turn, message, repeated, claimed } = accepted;
  if (!repeated) {
    ctx.eventLog.announce(turn.conversationId, { id: turn.id, number: turn.number, messageId: message.id });
    if (claimed) ctx.turns.begin(claimed.turn, claimed.prepared);
    else ctx.turns.kick(ctx.workspaceId, turn.conversationId, turn.id);
    if (whenBusy === 'INTERRUPT') await interrupt(ctx, accepted);
  }
  return { turn, message, cursor: await cursorBefore(ctx, turn) };
}

/** Cancels the turn that kept the conversation busy when the message came, also when it was only about to run. */
async function interrupt(ctx: Context, { turn, activeTurnId }: Accepted): Promise<void> {
  const turnId = activeTurnId ?? (await findUnfinishedBefore(ctx.db, turn));
  if (turnId) await cancelTurn(ctx, { turnId });
}

/**
 * Asks a turn to stop: a queued one ends at once, a running one as soon as its process hears of it, keeping what it has
 * said. A turn that has ended stays as it is. Returns the turn as it is now. Throws NotFoundError.
 */
export async function cancelTurn(ctx: Context, by: TurnReference): Promise<Turn> {
  requireWrite(ctx);
  const include = { messages: { where: { role: 'USER' as const }, select: { id: true } } };
  const where = isNamed(by) ? { AND: [toWhere(by), visibleTurns(ctx)] } : null;
  const turn = where && (await ctx.db.turn.findFirst({ where, include }));
  if (!turn) throw new NotFoundError('There is no such turn.');
  if (turn.finishedAt) return turn;
  const { id, workspaceId, conversationId, number } = turn;
  if (await cancelQueuedTurn(ctx.db, workspaceId, id)) {
    // The process that accepted it may have died before it could tell of it.
    for (const message of turn.messages) ctx.eventLog.announce(conversationId, { id, number, messageId: message.id });
    ctx.eventLog.append(conversationId, { type: 'TurnCancelled', turnId: id, turnNumber: number });
  } else if (!ctx.turns.stop(id, 'CANCELLED')) {
    await ctx.db.turn.updateMany({
      where: { workspaceId, id, status: 'RUNNING' },
      data: { cancelRequestedAt: new Date() },
    });
    // Whichever process runs it; also this one, where it may have begun while the queue was being looked at.
    ctx.announcements.tell({ type: 'CancelRequested', turnId: id });
  }
  return getTurnToWrite(ctx, id);
}

async function getTurnToWrite(ctx: Context, id: string): Promise<Turn> {
  return ctx.db.turn.findFirstOrThrow({ where: { id, ...visibleTurns(ctx) } });
}

function isNamed(by: TurnReference): boolean {
  if ('turnId' in by) return canName(by);
  const { identity, channel, clientMessageId } = by.message;
  return canName(identity) && canName(channel) && canName({ clientMessageId });
}

function toWhere(by: TurnReference): Prisma.TurnWhereInput {
  if ('turnId' in by) return { id: by.turnId };
  const { identity, channel, clientMessageId } = by.message;
  return { clientMessageId, conversation: { identity, channel } };
}

/** The events of a turn behind a cursor, or from its beginning. Throws InvalidInputError for a cursor that is none of the conversation's. */
export async function followTurnEvents(
  ctx: Context,
  turn: FollowedTurn,
  after: string | null | undefined,
): Promise<EventReader> {
  return followTurn(ctx, turn, after ? ctx.cursors.decode(ctx.workspaceId, after) : null);
}

/** A snapshot of a conversation and then its events; behind a cursor: its events only. Throws NotFoundError, InvalidInputError for the cursor. */
export async function followConversationEvents(
  ctx: Context,
  conversationId: string,
  after: string | null | undefined,
): Promise<EventReader> {
  requireRead(ctx);
  const where = { id: conversationId, workspaceId: ctx.workspaceId, ...ownedByIdentity(ctx) };
  const conversation =
    canName({ id: conversationId }) && (await ctx.db.conversation.findFirst({ where, select: { id: true } }));
  if (!conversation) throw new NotFoundError('There is no conversation with this id.');
  return followConversation(ctx, conversationId, after ? ctx.cursors.decode(ctx.workspaceId, after) : null);
}

/** The turn a cursor stands in; whoever has the cursor may follow it. Throws InvalidInputError for `path` when it is none, or the turn is gone. */
export async function turnAt(ctx: Context, cursor: string, path: string): Promise<Turn> {
  const { conversationId, turnNumber } = ctx.cursors.decode(ctx.workspaceId, cursor, path);
  const turn = await ctx.db.turn.findFirst({ where: { conversationId, number: turnNumber, ...visibleTurns(ctx) } });
  if (!turn) throw notACursor(path);
  return turn;
}
