import type { Prisma, PrismaClient, Turn } from '../generated/prisma/client.ts';
import type { TurnStatus } from '../generated/prisma/enums.ts';
import { newId } from '../ids.ts';

/** How long a running turn is left alone without a sign of life from its process, in milliseconds. */
export const LEASE_MS = 10_000;

/** A turn this process has begun to run. */
export interface ClaimedTurn {
  workspaceId: string;
  conversationId: string;
  id: string;
  number: number;
  /** The message it answers. */
  messageId: string;
  /** Counts the beginnings; an older attempt can no longer write. */
  attempt: number;
}

/** How a turn ended. */
export interface TurnEnd {
  status: Extract<TurnStatus, 'COMPLETED' | 'FAILED' | 'CANCELLED'>;
  /** The reply, whole or partial; null: nothing to keep. */
  text: string | null;
  tokenCount: number;
  stageId: string | null;
  errorCode: string | null;
  errorMessage: string | null;
  usage: { inputTokens: number; outputTokens: number; exact: boolean } | null;
  model: string | null;
}

/**
 * Takes the oldest queued turn of a conversation, unless one is running: setting the active turn from null under the
 * conversation's row lock is what makes one turn run at a time, in any number of processes.
 */
export async function claimNextTurn(
  db: PrismaClient,
  workspaceId: string,
  conversationId: string,
): Promise<ClaimedTurn | null> {
  const [claimed] = await db.$queryRaw<Pick<ClaimedTurn, 'id' | 'number' | 'attempt' | 'messageId'>[]>`
    WITH next AS (
      SELECT id FROM turns
      WHERE workspace_id = ${workspaceId} AND conversation_id = ${conversationId} AND finished_at IS NULL AND status = 'QUEUED'
      ORDER BY number LIMIT 1
    ), held AS (
      UPDATE conversations SET active_turn_id = next.id FROM next
      WHERE workspace_id = ${workspaceId} AND conversations.id = ${conversationId} AND active_turn_id IS NULL
      RETURNING next.id
    )
    UPDATE turns SET status = 'RUNNING', attempt = attempt + 1, started_at = now(),
      lease_expires_at = now() + ${LEASE_MS} * interval '1 millisecond'
    FROM held
    WHERE turns.workspace_id = ${workspaceId} AND turns.id = held.id AND status = 'QUEUED'
    RETURNING turns.id, turns.number, turns.attempt, (
      SELECT id FROM messages WHERE workspace_id = ${workspaceId} AND turn_id = turns.id AND role = 'USER') AS "messageId"`;
  return claimed ? { workspaceId, conversationId, ...claimed } : null;
}

/** What a turn is pinned to when its reply begins. */
export interface TurnPin {
  stageId: string | null;
  assistantId: string;
  instructionsVersion: number;
  model: string;
  instructions: string;
  instructionsHash: string;
  promptHash: string;
  historySize: number;
}

/** Stores what the turn runs with; `firstTokenAt`, once given, says that text is about to be shown to readers. False: the turn is no longer ours. */
export async function pinTurn(
  db: PrismaClient,
  turn: ClaimedTurn,
  pin: TurnPin,
  firstTokenAt: Date | null,
): Promise<boolean> {
  const pinned = await db.$executeRaw`
    WITH prompt AS (
      INSERT INTO prompts (workspace_id, hash, text) VALUES (${turn.workspaceId}, ${pin.instructionsHash}, ${pin.instructions})
      ON CONFLICT DO NOTHING
    )
    UPDATE turns SET stage_id = ${pin.stageId}, assistant_id = ${pin.assistantId}, model = ${pin.model},
      instructions_version = ${pin.instructionsVersion}, instructions_hash = ${pin.instructionsHash},
      prompt_hash = ${pin.promptHash}, history_size = ${pin.historySize}, first_token_at = coalesce(${firstTokenAt}::timestamptz, first_token_at),
      lease_expires_at = now() + ${LEASE_MS} * interval '1 millisecond'
    WHERE workspace_id = ${turn.workspaceId} AND id = ${turn.id} AND status = 'RUNNING' AND attempt = ${turn.attempt}`;
  return pinned > 0;
}

/** Renews the lease and stores the text so far. Tells whether the turn is still ours and whether somebody asked to stop it. */
export async function checkpointTurn(
  db: PrismaClient,
  turn: ClaimedTurn,
  partialText: string,
): Promise<{ ours: boolean; cancelRequested: boolean }> {
  const [row] = await db.$queryRaw<{ cancelRequested: boolean }[]>`
    UPDATE turns SET partial_text = ${partialText}, lease_expires_at = now() + ${LEASE_MS} * interval '1 millisecond'
    WHERE workspace_id = ${turn.workspaceId} AND id = ${turn.id} AND status = 'RUNNING' AND attempt = ${turn.attempt}
    RETURNING cancel_requested_at IS NOT NULL AS "cancelRequested"`;
  return { ours: row !== undefined, cancelRequested: row?.cancelRequested ?? false };
}

/**
 * Ends a turn and stores its reply, in one statement. Tells whether another turn waits in the conversation; null: another
 * process has taken the turn over, nothing is written.
 */
export async function endTurn(db: PrismaClient, turn: ClaimedTurn, end: TurnEnd): Promise<{ more: boolean } | null> {
  const { usage } = end;
  const [ended] = await db.$queryRaw<{ more: boolean }[]>`
    WITH ended AS (
      UPDATE turns SET status = ${end.status}::"TurnStatus", finished_at = now(), partial_text = NULL, lease_expires_at = NULL,
        error_code = ${end.errorCode}, error_message = ${end.errorMessage}, model = coalesce(${end.model}, model),
        input_tokens = ${usage?.inputTokens ?? null}::int, output_tokens = ${usage?.outputTokens ?? null}::int,
        usage_exact = ${usage?.exact ?? null}::boolean
      WHERE workspace_id = ${turn.workspaceId} AND id = ${turn.id} AND status = 'RUNNING' AND attempt = ${turn.attempt}
      RETURNING id
    ), reply AS (
      INSERT INTO messages (id, workspace_id, conversation_id, turn_number, turn_id, role, text, token_count, stage_id)
      SELECT ${newId('Message')}, ${turn.workspaceId}, ${turn.conversationId}, ${turn.number}, ended.id, 'ASSISTANT',
        ${end.text}, ${end.tokenCount}, ${end.stageId}
      FROM ended WHERE ${end.text !== null}
    ), freed AS (
      UPDATE conversations SET active_turn_id = NULL, last_message_at = now() FROM ended
      WHERE workspace_id = ${turn.workspaceId} AND conversations.id = ${turn.conversationId} AND active_turn_id = ended.id
    )
    SELECT EXISTS (
      SELECT FROM turns waiting WHERE waiting.workspace_id = ${turn.workspaceId}
        AND waiting.conversation_id = ${turn.conversationId} AND waiting.finished_at IS NULL AND waiting.id <> ${turn.id}
    ) AS more FROM ended`;
  return ended ?? null;
}

/** Ends a turn that has not begun. False: it is not queued (any more). */
export async function cancelQueuedTurn(db: PrismaClient, workspaceId: string, id: string): Promise<boolean> {
  const { count } = await db.turn.updateMany({
    where: { workspaceId, id, status: 'QUEUED' },
    data: { status: 'CANCELLED', finishedAt: new Date(), cancelRequestedAt: new Date() },
  });
  return count > 0;
}

/** The oldest turn of the conversation that has not ended, if it was accepted before this one. */
export async function findUnfinishedBefore(
  db: Prisma.TransactionClient,
  { workspaceId, conversationId, number }: Turn,
): Promise<string | null> {
  const where = {
    workspaceId,
    conversationId,
    number: { lt: number },
    finishedAt: null,
  } satisfies Prisma.TurnWhereInput;
  const turn = await db.turn.findFirst({ where, orderBy: { number: 'asc' }, select: { id: true } });
  return turn?.id ?? null;
}

/** A turn whose process has given no sign of life. */
export interface AbandonedTurn extends ClaimedTurn {
  /** Readers may have seen text of it. */
  shown: boolean;
  partialText: string | null;
  stageId: string | null;
  cancelRequested: boolean;
}

/** Ends every lease: for a process that knows that no other one uses the database. */
export async function expireLeases(db: PrismaClient): Promise<void> {
  await db.$executeRaw`UPDATE turns SET lease_expires_at = now() - interval '1 second' WHERE finished_at IS NULL AND status = 'RUNNING'`;
}

/** Running turns whose lease has passed. */
export function listAbandonedTurns(db: PrismaClient): Promise<AbandonedTurn[]> {
  return db.$queryRaw<AbandonedTurn[]>`
    SELECT workspace_id AS "workspaceId", conversation_id AS "conversationId", id, number, attempt,
      (SELECT id FROM messages m WHERE m.workspace_id = t.workspace_id AND m.turn_id = t.id AND m.role = 'USER') AS "messageId",
      first_token_at IS NOT NULL AS shown, partial_text AS "partialText", stage_id AS "stageId",
      cancel_requested_at IS NOT NULL AS "cancelRequested"
    FROM turns t WHERE finished_at IS NULL AND status = 'RUNNING' AND lease_expires_at < now()
    ORDER BY lease_expires_at LIMIT 1000`;
}

/** Puts a turn that has shown nothing back into the queue, at its old place. */
export async function requeueTurn(db: PrismaClient, turn: ClaimedTurn): Promise<void> {
  await db.$executeRaw`
    WITH requeued AS (
      UPDATE turns SET status = 'QUEUED', lease_expires_at = NULL
      WHERE workspace_id = ${turn.workspaceId} AND id = ${turn.id} AND status = 'RUNNING' AND attempt = ${turn.attempt}
      RETURNING id
    )
    UPDATE conversations SET active_turn_id = NULL FROM requeued
    WHERE workspace_id = ${turn.workspaceId} AND conversations.id = ${turn.conversationId} AND active_turn_id = requeued.id`;
}

/** Conversations in which a turn waits although none runs, for instance because the process that accepted it died. */
export function listStalledConversations(db: PrismaClient): Promise<{ workspaceId: string; conversationId: string }[]> {
  return db.$queryRaw<{ workspaceId: string; conversationId: string }[]>`
    SELECT DISTINCT turns.workspace_id AS "workspaceId", turns.conversation_id AS "conversationId"
    FROM turns JOIN conversations ON conversations.workspace_id = turns.workspace_id AND conversations.id = turns.conversation_id
    WHERE turns.finished_at IS NULL AND turns.status = 'QUEUED' AND (active_turn_id IS NULL OR NOT EXISTS (
      SELECT FROM turns AS active
      WHERE active.workspace_id = turns.workspace_id AND active.id = active_turn_id AND active.status = 'RUNNING'))
    LIMIT 1000`;
}

/** Frees a conversation whose active turn has already ended. */
export async function releaseConversation(
  db: PrismaClient,
  workspaceId: string,
  conversationId: string,
): Promise<void> {
  await db.$executeRaw`
    UPDATE conversations SET active_turn_id = NULL
    WHERE workspace_id = ${workspaceId} AND id = ${conversationId} AND EXISTS (
      SELECT FROM turns WHERE turns.workspace_id = ${workspaceId} AND turns.id = active_turn_id AND status <> 'RUNNING')`;
}
