import { createHash } from 'node:crypto';
import type { Context } from '../context.ts';
import { isUniqueViolation } from '../database/unique-violation.ts';
import { ConflictError, NotFoundError } from '../errors.ts';
import type { Message, Prisma, Turn } from '../generated/prisma/client.ts';
import { newId } from '../ids.ts';
import type { JsonObject } from '../input.ts';
import type { WhenBusy } from './model.ts';
import type { Route } from './route.ts';
import { findUnfinishedBefore } from './storage.ts';
import { countTokens } from './tokens.ts';

/** A message as it will be stored. */
export interface AcceptedInput {
  text: string;
  metadata: JsonObject;
  clientMessageId: string | null;
  whenBusy: WhenBusy;
}

export interface Accepted {
  turn: Turn;
  message: Message;
  /** The turn that was running when the message came; null: none was. */
  activeTurnId: string | null;
  /** The same message had been sent before: this is its turn. */
  repeated: boolean;
}

/**
 * Commits the message and its queued turn in one statement. A client message id that has been seen answers its turn.
 * Throws ConflictError when it was seen with another body, or when the conversation is busy and the sender said REJECT.
 */
export async function acceptMessage(ctx: Context, route: Route, input: AcceptedInput): Promise<Accepted> {
  const requestHash = input.clientMessageId === null ? null : hashOf(input);
  try {
    const insert = input.whenBusy === 'REJECT' ? insertUnlessBusy : insertMessage;
    return (await insert(ctx, route, input, requestHash)) ?? (await explainRefusal(ctx, route, input, requestHash));
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    return findRepeated(ctx, route, input, requestHash);
  }
}

/**
 * A statement sees what was stored when it began: who was let in while it waited for the conversation shows only to the
 * next one.
 */
function insertUnlessBusy(
  ctx: Context,
  route: Route,
  input: AcceptedInput,
  requestHash: string | null,
): Promise<Accepted | null> {
  return ctx.db.$transaction(async (tx) => {
    const accepted = await insertMessage(ctx, route, input, requestHash, tx);
    if (accepted && (await findUnfinishedBefore(tx, accepted.turn))) throw busy();
    return accepted;
  });
}

async function insertMessage(
  ctx: Context,
  route: Route,
  input: AcceptedInput,
  requestHash: string | null,
  db: Prisma.TransactionClient = ctx.db,
): Promise<Accepted | null> {
  const { workspaceId } = ctx;
  const now = new Date();
  const messageId = newId('Message');
  const turnId = newId('Turn');
  const tokenCount = await countTokens(input.text);
  const [row] = await db.$queryRaw<{ conversationId: string; number: number; activeTurnId: string | null }[]>`
    WITH conversation AS (
      INSERT INTO conversations AS c (id, workspace_id, identity_id, channel_id, turn_count, created_at, last_message_at)
      VALUES (${newId('Conversation')}, ${workspaceId}, ${route.identityId}, ${route.channelId}, 1, ${now}::timestamptz, ${now}::timestamptz)
      ON CONFLICT (workspace_id, identity_id, channel_id) DO UPDATE SET turn_count = c.turn_count + 1, last_message_at = EXCLUDED.last_message_at
      WHERE ${input.whenBusy !== 'REJECT'} OR NOT EXISTS (
        SELECT FROM turns t WHERE t.workspace_id = c.workspace_id AND t.conversation_id = c.id AND t.finished_at IS NULL)
      RETURNING id, turn_count, active_turn_id
    ), turn AS (
      INSERT INTO turns (id, workspace_id, conversation_id, number, client_message_id, request_hash, stage_id, created_at)
      SELECT ${turnId}, ${workspaceId}, id, turn_count, ${input.clientMessageId}, ${requestHash}, ${route.stageId}, ${now}::timestamptz
      FROM conversation RETURNING id
    ), message AS (
      INSERT INTO messages (id, workspace_id, conversation_id, turn_number, turn_id, role, text, token_count, metadata, stage_id, created_at)
      SELECT ${messageId}, ${workspaceId}, conversation.id, turn_count, turn.id, 'USER', ${input.text}, ${tokenCount},
        ${JSON.stringify(input.metadata)}::jsonb, ${route.stageId}, ${now}::timestamptz
      FROM conversation, turn
    )
    SELECT id AS "conversationId", turn_count AS number, active_turn_id AS "activeTurnId" FROM conversation`;
  if (!row) return null;
  const { conversationId, number } = row;
  const stageId = route.stageId;
  const message = {
    ...{
      id: messageId,
      workspaceId,
      conversationId,
      turnNumber: number,
      turnId,
      transitionId: null,
      role: 'USER' as const,
    },
    ...{ text: input.text, tokenCount, metadata: input.metadata, stageId, createdAt: now },
  };
  const turn = {
    ...QUEUED,
    ...{ id: turnId, workspaceId, conversationId, number, requestHash, stageId, createdAt: now },
    clientMessageId: input.clientMessageId,
  };
  return { turn, message, activeTurnId: row.activeTurnId, repeated: false };
}

/** A turn that has just been queued, in the fields nobody has set yet. */
const QUEUED = {
  ...{ status: 'QUEUED' as const, attempt: 0 },
  ...{
    assistantId: null,
    instructionsVersion: null,
    model: null,
    promptHash: null,
    instructionsHash: null,
    historySize: null,
  },
  ...{
    partialText: null,
    errorCode: null,
    errorMessage: null,
    inputTokens: null,
    outputTokens: null,
    usageExact: null,
  },
  ...{ leaseExpiresAt: null, cancelRequestedAt: null, startedAt: null, firstTokenAt: null, finishedAt: null },
};

/** Nothing was inserted: the conversation is busy, unless the very same message is what keeps it busy. */
async function explainRefusal(
  ctx: Context,
  route: Route,
  input: AcceptedInput,
  requestHash: string | null,
): Promise<Accepted> {
  const repeated =
    input.clientMessageId === null
      ? null
      : await findRepeated(ctx, route, input, requestHash).catch(rethrowUnlessMissing);
  if (repeated) return repeated;
  throw busy();
}

function busy(): ConflictError {
  return new ConflictError(
    'A turn is running in this conversation. Wait for its end, or send with whenBusy QUEUE or INTERRUPT.',
    'CONVERSATION_BUSY',
  );
}

function rethrowUnlessMissing(error: unknown): null {
  if (error instanceof NotFoundError) return null;
  throw error;
}

async function findRepeated(
  ctx: Context,
  route: Route,
  input: AcceptedInput,
  requestHash: string | null,
): Promise<Accepted> {
  const { identityId, channelId } = route;
  const found = await ctx.db.turn.findFirst({
    where: {
      workspaceId: ctx.workspaceId,
      clientMessageId: input.clientMessageId,
      conversation: { identityId, channelId },
    },
    include: { messages: { where: { role: 'USER' } }, conversation: { select: { activeTurnId: true } } },
  });
  if (!found) throw new NotFoundError('The conversation has just been deleted.');
  const { messages, conversation, ...turn } = found;
  if (turn.requestHash !== requestHash) {
    throw new ConflictError(
      'Another message has been sent with this client message id (or Idempotency-Key).',
      'IDEMPOTENCY_KEY_REUSED',
    );
  }
  return { turn, message: messages[0] as Message, activeTurnId: conversation.activeTurnId, repeated: true };
}

function hashOf({ text, metadata }: AcceptedInput): string {
  return createHash('sha256')
    .update(JSON.stringify([text, metadata]))
    .digest('hex');
}
