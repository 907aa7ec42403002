import { createHash } from 'node:crypto';
import { TemplateError } from '../assistants/template.ts';
import type { WhenBusy } from '../channels/model.ts';
import type { Context } from '../context.ts';
import type { Statement } from '../database/statements.ts';
import { isForeignKeyViolation, isUniqueViolation } from '../database/violations.ts';
import { ConflictError, NotFoundError } from '../errors.ts';
import type { Message, Turn } from '../generated/prisma/client.ts';
import { newId } from '../ids.ts';
import type { JsonObject } from '../input.ts';
import { type PreparedTurn, TurnFailure, type TurnPin } from './preparation.ts';
import type { Route } from './route.ts';
import { type ClaimedTurn, LEASE_MS } from './storage.ts';
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
  /** The turn is this process's to run at once; null: it waits for its place in the conversation. */
  claimed: { turn: ClaimedTurn; prepared: PreparedTurn | null } | null;
}

/**
 * Commits the message and its turn in one statement. A turn in an idle conversation is claimed by the same statement. A client
 * message id that has been seen answers its turn. Throws ConflictError when it was seen with another body, or when the
 * conversation is busy and the sender said REJECT.
 */
export async function acceptMessage(ctx: Context, route: Route, input: AcceptedInput): Promise<Accepted> {
  const requestHash = input.clientMessageId === null ? null : hashOf(input);
  try {
    return (
      (await insertMessage(ctx, route, input, requestHash)) ?? (await explainRefusal(ctx, route, input, requestHash))
    );
  } catch (error) {
    if (isForeignKeyViolation(error)) throw new NotFoundError('The identity has just been deleted.');
    if (!isUniqueViolation(error)) throw error;
    return findRepeated(ctx, route, input, requestHash);
  }
}

interface InsertedRow {
  conversationId: string;
  number: number;
  revision: number;
  activeTurnId: string | null;
  startedAt: Date | null;
}

/**
 * The conversation's row lock puts simultaneous sends in order. The turn becomes the active one, prepared as it is, only if
 * nothing at all has been said since the conversation was read: what is compared is the row as it is under the lock.
 */
const INSERT: Statement<InsertedRow> = {
  name: 'turn_accept',
  text: `WITH conversation AS (
      INSERT INTO conversations AS c (id, workspace_id, identity_id, channel_id, turn_count, revision, active_turn_id, created_at, last_message_at)
      VALUES ($1, $2, $3, $4, 1, 1, $5, $6::timestamptz, $6::timestamptz)
      ON CONFLICT (workspace_id, identity_id, channel_id) DO UPDATE SET turn_count = c.turn_count + 1, revision = c.revision + 1,
        last_message_at = EXCLUDED.last_message_at,
        active_turn_id = CASE WHEN c.active_turn_id IS NULL AND c.revision = $7::int THEN EXCLUDED.active_turn_id ELSE c.active_turn_id END
      WHERE NOT $8::boolean OR (c.active_turn_id IS NULL AND c.revision = $7::int)
      RETURNING id, turn_count, revision, active_turn_id, active_turn_id IS NOT DISTINCT FROM $5 AS claimed
    ), prompt AS (
      INSERT INTO prompts (workspace_id, hash, text) SELECT $2, $9, $10 FROM conversation WHERE claimed AND $9::text IS NOT NULL
      ON CONFLICT DO NOTHING
    ), turn AS (
      INSERT INTO turns (id, workspace_id, conversation_id, number, client_message_id, request_hash, stage_id, created_at,
        status, attempt, started_at, lease_expires_at,
        instructions_hash, prompt_hash, history_size, assistant_id, instructions_version, model)
      SELECT $5, $2, id, turn_count, $11, $12, $13, $6::timestamptz,
        CASE WHEN claimed THEN 'RUNNING'::"TurnStatus" ELSE 'QUEUED'::"TurnStatus" END, claimed::int,
        CASE WHEN claimed THEN now() END, CASE WHEN claimed THEN now() + ${LEASE_MS} * interval '1 millisecond' END,
        CASE WHEN claimed THEN $9::text END, CASE WHEN claimed THEN $14::text END, CASE WHEN claimed THEN $15::int END,
        CASE WHEN claimed THEN $16::text END, CASE WHEN claimed THEN $17::int END, CASE WHEN claimed THEN $18::text END
      FROM conversation RETURNING id, started_at
    ), message AS (
      INSERT INTO messages (id, workspace_id, conversation_id, turn_number, turn_id, role, text, token_count, metadata, stage_id, created_at)
      SELECT $19, $2, conversation.id, turn_count, turn.id, 'USER', $20, $21::int, $22::jsonb, $13, $6::timestamptz FROM conversation, turn
    )
    SELECT conversation.id AS "conversationId", turn_count AS number, revision, active_turn_id AS "activeTurnId", started_at AS "startedAt"
    FROM conversation, turn`,
};

async function insertMessage(
  ctx: Context,
  route: Route,
  input: AcceptedInput,
  requestHash: string | null,
): Promise<Accepted | null> {
  const reject = input.whenBusy === 'REJECT';
  const { identityId, channelId, stageId, idleAt } = route;
  if (reject && idleAt === null) return null;
  const { workspaceId } = ctx;
  const [messageId, turnId] = [newId('Message'), newId('Turn')];
  const createdAt = new Date();
  const tokenCount = await countTokens(input.text);
  const prepared = idleAt === null ? null : prepare(ctx, route, input.text, tokenCount);
  const pin = prepared?.pin;
  const [row] = await ctx.statements.run(INSERT, [
    ...[newId('Conversation'), workspaceId, identityId, channelId, turnId, createdAt],
    ...[idleAt, reject],
    ...[pin?.instructionsHash ?? null, pin?.instructions ?? null],
    ...[input.clientMessageId, requestHash, stageId],
    ...[pin?.promptHash ?? null, pin?.historySize ?? null, pin?.assistantId ?? null, pin?.instructionsVersion ?? null],
    ...[pin?.model ?? null, messageId, input.text, tokenCount, JSON.stringify(input.metadata)],
  ]);
  if (!row) return null;
  const { conversationId, number, startedAt } = row;
  const claimed = row.activeTurnId === turnId;
  if (prepared) {
    const said = { role: 'USER', text: input.text, tokenCount, turnNumber: number };
    prepared.history = { key: route.historyKey, revision: row.revision, messages: [said, ...route.parts.history] };
  }
  const turn: Turn = {
    ...QUEUED,
    ...{ id: turnId, workspaceId, conversationId, number, requestHash, stageId, createdAt },
    clientMessageId: input.clientMessageId,
    ...(claimed && { ...pinned(pin), status: 'RUNNING', attempt: 1, startedAt }),
  };
  const message: Message = {
    ...{ id: messageId, workspaceId, conversationId, turnNumber: number, turnId, transitionId: null, role: 'USER' },
    ...{ text: input.text, tokenCount, metadata: input.metadata, stageId, createdAt },
  };
  return {
    turn,
    message,
    activeTurnId: claimed ? null : row.activeTurnId,
    repeated: false,
    claimed: claimed
      ? { turn: { workspaceId, conversationId, id: turnId, number, messageId, attempt: 1 }, prepared }
      : null,
  };
}

/** What the model will be sent; null when that cannot be made, which is how the turn will end. */
function prepare(ctx: Context, { parts }: Route, text: string, tokenCount: number): PreparedTurn | null {
  try {
    return ctx.turns.prepare({ ...parts, said: { role: 'USER', text, tokenCount } });
  } catch (error) {
    if (error instanceof TurnFailure || error instanceof TemplateError) return null;
    throw error;
  }
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

/** The same of one that runs already. */
function pinned(pin: TurnPin | undefined): Partial<Turn> {
  if (!pin) return {};
  const { assistantId, instructionsVersion, model, promptHash, instructionsHash, historySize } = pin;
  return { assistantId, instructionsVersion, model, promptHash, instructionsHash, historySize };
}

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
  throw new ConflictError(
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
  const message = messages[0] as Message;
  return { turn, message, activeTurnId: conversation.activeTurnId, repeated: true, claimed: null };
}

function hashOf({ text, metadata }: AcceptedInput): string {
  return createHash('sha256')
    .update(JSON.stringify([text, metadata]))
    .digest('hex');
}
