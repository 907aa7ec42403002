import type { Statement, Statements } from '../database/statements.ts';
import type { PrismaClient, Turn } from '../generated/prisma/client.ts';
import type { TurnStatus } from '../generated/prisma/enums.ts';
import { newId } from '../ids.ts';
import type { TurnPin } from './preparation.ts';

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

const CLAIM: Statement<Pick<ClaimedTurn, 'id' | 'number' | 'attempt' | 'messageId'>> = {
  name: 'turn_claim',
  text: `WITH held AS (
      SELECT FROM conversations WHERE workspace_id = $1 AND id = $2 AND active_turn_id IS NULL FOR NO KEY UPDATE
    ), next AS (
      SELECT turns.id FROM turns, held
      WHERE workspace_id = $1 AND conversation_id = $2 AND finished_at IS NULL AND status = 'QUEUED'
      ORDER BY number LIMIT 1 FOR UPDATE OF turns
    ), started AS (
      UPDATE turns SET status = 'RUNNING', attempt = attempt + 1, started_at = now(),
        lease_expires_at = now() + ${LEASE_MS} * interval '1 millisecond'
      FROM next WHERE workspace_id = $1 AND turns.id = next.id RETURNING turns.id, number, attempt
    ), active AS (
      UPDATE conversations SET active_turn_id = started.id FROM started WHERE workspace_id = $1 AND conversations.id = $2
    )
    SELECT id, number, attempt, (SELECT id FROM messages WHERE workspace_id = $1 AND turn_id = started.id AND role = 'USER') AS "messageId"
    FROM started`,
};

/**
 * Takes the oldest queued turn of a conversation, unless one is running: setting the active turn from null under the
 * conversation's row lock is what makes one turn run at a time, in any number of processes. One that is being cancelled
 * at the same time is waited for, and passed over.
 */
export async function claimNextTurn(
  statements: Statements,
  workspaceId: string,
  conversationId: string,
): Promise<ClaimedTurn | null> {
  const [claimed] = await statements.run(CLAIM, [workspaceId, conversationId]);
  return claimed ? { workspaceId, conversationId, ...claimed } : null;
}

/** What only the process that runs the turn may write, in its last attempt. */
const OURS = `workspace_id = $1 AND id = $2 AND status = 'RUNNING' AND attempt = $3`;
const RENEWED = `lease_expires_at = now() + ${LEASE_MS} * interval '1 millisecond'`;
/**
 * A crash of the database itself may lose what is stored so, by a fraction of a second; that of a process does not. Nobody
 * waits for the disk.
 */
const RELAXED = `relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))`;

const PIN: Statement<{ id: string }> = {
  name: 'turn_pin',
  text: `WITH pinned AS (
      UPDATE turns SET stage_id = $6, assistant_id = $7, model = $8, instructions_version = $9::int, instructions_hash = $4,
        prompt_hash = $10, history_size = $11::int, ${RENEWED}
      WHERE ${OURS} RETURNING id
    ), prompt AS (
      INSERT INTO prompts (workspace_id, hash, text) SELECT $1, $4, $5 FROM pinned ON CONFLICT DO NOTHING
    )
    SELECT id FROM pinned`,
};

/** Stores what the turn runs with. False: the turn is no longer ours. */
export async function pinTurn(statements: Statements, turn: ClaimedTurn, pin: TurnPin): Promise<boolean> {
  const rows = await statements.run(PIN, [
    ...[turn.workspaceId, turn.id, turn.attempt, pin.instructionsHash, pin.instructions],
    ...[pin.stageId, pin.assistantId, pin.model, pin.instructionsVersion, pin.promptHash, pin.historySize],
  ]);
  return rows.length > 0;
}

const SHOW: Statement<{ id: string }> = {
  name: 'turn_show',
  text: `WITH ${RELAXED} UPDATE turns SET first_token_at = $4::timestamptz, ${RENEWED} FROM relaxed WHERE ${OURS} RETURNING id`,
};

/** Stores that text of the turn is about to be shown to readers. False: the turn is no longer ours. */
export async function showTurn(statements: Statements, turn: ClaimedTurn, firstTokenAt: Date): Promise<boolean> {
  const rows = await statements.run(SHOW, [turn.workspaceId, turn.id, turn.attempt, firstTokenAt]);
  return rows.length > 0;
}

const CHECKPOINT: Statement<{ cancelRequested: boolean }> = {
  name: 'turn_checkpoint',
  text: `WITH ${RELAXED} UPDATE turns SET partial_text = $4, ${RENEWED} FROM relaxed WHERE ${OURS}
    RETURNING cancel_requested_at IS NOT NULL AS "cancelRequested"`,
};

/** What a checkpoint learns from the database. */
export interface CheckpointResult {
  /** Whether the turn is still this process's. */
  ours: boolean;
  /** Whether somebody asked to stop it. */
  cancelRequested: boolean;
}

/** Renews the lease and stores the text so far. */
export async function checkpointTurn(
  statements: Statements,
  turn: ClaimedTurn,
  partialText: string,
): Promise<CheckpointResult> {
  const [row] = await statements.run(CHECKPOINT, [turn.workspaceId, turn.id, turn.attempt, partialText]);
  return { ours: row !== undefined, cancelRequested: row?.cancelRequested ?? false };
}

// It waits for no lock: whoever holds one may wait for another row of the same batch.
const CHECKPOINTS: Statement<{ id: string; cancelRequested: boolean }> = {
  name: 'turn_checkpoints',
  text: `WITH ${RELAXED}, free AS (
      SELECT t.workspace_id, t.id, given.text
      FROM unnest($1::text[], $2::text[], $3::int[], $4::text[]) AS given (workspace_id, id, attempt, text)
      JOIN turns t ON t.workspace_id = given.workspace_id AND t.id = given.id AND t.status = 'RUNNING' AND t.attempt = given.attempt
      FOR UPDATE OF t SKIP LOCKED
    )
    UPDATE turns SET partial_text = free.text, ${RENEWED} FROM free, relaxed
    WHERE turns.workspace_id = free.workspace_id AND turns.id = free.id
    RETURNING turns.id, cancel_requested_at IS NOT NULL AS "cancelRequested"`,
};

/** The same for many turns at once. Those whose row is locked just now, or that are no longer ours, are not among the results. */
export async function checkpointTurns(
  statements: Statements,
  checkpoints: readonly { turn: ClaimedTurn; partialText: string }[],
): Promise<Map<string, CheckpointResult>> {
  const rows = await statements.run(CHECKPOINTS, [
    checkpoints.map(({ turn }) => turn.workspaceId),
    checkpoints.map(({ turn }) => turn.id),
    checkpoints.map(({ turn }) => turn.attempt),
    checkpoints.map(({ partialText }) => partialText),
  ]);
  return new Map(rows.map(({ id, cancelRequested }) => [id, { ours: true, cancelRequested }]));
}

/** What else is known once an end is stored. */
export interface StoredEnd {
  /** Whether turns were accepted behind it. */
  more: boolean;
  /** The conversation's, with the reply; null: it was not this turn's to change. */
  revision: number | null;
  replyId: string;
  /** When it ended, by the database's clock. */
  finishedAt: Date;
  /** The stage the identity is in then: the assistant may have moved it. */
  stageKey: string | null;
}

// The conversation is locked before its turn, here as everywhere: a message that is sent again waits, with its conversation
// locked, for whoever changes the turn it was answered by. The conversation's own row tells of turns behind this one as it is
// under the lock, where a look at the turns would miss those whose sender was let in just before.
const END: Statement<Omit<StoredEnd, 'replyId'>> = {
  name: 'turn_end',
  text: `WITH held AS (
      SELECT FROM conversations WHERE workspace_id = $1 AND id = $4 FOR NO KEY UPDATE
    ), ended AS (
      UPDATE turns SET status = $5::"TurnStatus", finished_at = now(), partial_text = NULL, lease_expires_at = NULL,
        error_code = $6, error_message = $7, model = coalesce($8, model),
        input_tokens = $9::int, output_tokens = $10::int, usage_exact = $11::boolean
      FROM held WHERE ${OURS} RETURNING id, number, finished_at
    ), reply AS (
      INSERT INTO messages (id, workspace_id, conversation_id, turn_number, turn_id, role, text, token_count, stage_id)
      SELECT $12, $1, $4, ended.number, ended.id, 'ASSISTANT', $13, $14::int, $15 FROM ended WHERE $13::text IS NOT NULL
    ), freed AS (
      UPDATE conversations SET active_turn_id = NULL, revision = revision + 1, last_message_at = now() FROM ended
      WHERE workspace_id = $1 AND conversations.id = $4 AND active_turn_id = ended.id
      RETURNING turn_count, revision, identity_id
    )
    SELECT coalesce(turn_count > number, true) AS more, revision, finished_at AS "finishedAt", (
      SELECT s.key FROM identities i JOIN stages s ON s.id = i.stage_id WHERE i.workspace_id = $1 AND i.id = identity_id) AS "stageKey"
    FROM ended LEFT JOIN freed ON true`,
};

/** Ends a turn and stores its reply, in one statement. Null: another process has taken the turn over, nothing is written. */
export async function endTurn(statements: Statements, turn: ClaimedTurn, end: TurnEnd): Promise<StoredEnd | null> {
  const { usage } = end;
  const replyId = newId('Message');
  const [ended] = await statements.run(END, [
    ...[turn.workspaceId, turn.id, turn.attempt, turn.conversationId],
    ...[end.status, end.errorCode, end.errorMessage, end.model],
    ...[usage?.inputTokens ?? null, usage?.outputTokens ?? null, usage?.exact ?? null],
    ...[replyId, end.text, end.tokenCount, end.stageId],
  ]);
  return ended ? { ...ended, replyId } : null;
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
  db: PrismaClient,
  { workspaceId, conversationId, number }: Turn,
): Promise<string | null> {
  const where = {
    workspaceId,
    conversationId,
    number: { lt: number },
    finishedAt: null,
  };
  const turn = await db.turn.findFirst({ where, orderBy: { number: 'asc' }, select: { id: true } });
  return turn?.id ?? null;
}
