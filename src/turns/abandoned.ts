import { Prisma, type PrismaClient } from '../generated/prisma/client.ts';
import { type ClaimedTurn, LEASE_MS } from './storage.ts';

/** A turn whose process has given no sign of life. */
export interface AbandonedTurn extends ClaimedTurn {
  /** Readers may have seen text of it. */
  shown: boolean;
  partialText: string | null;
  stageId: string | null;
  cancelRequested: boolean;
}

/** What a lease is set to that has ended whatever the time. */
const ENDED = Prisma.sql`to_timestamp(0)`;

/** Ends every lease: for a process that knows that no other one uses the database. */
export async function expireLeases(db: PrismaClient): Promise<void> {
  await db.$executeRaw`UPDATE turns SET lease_expires_at = ${ENDED} WHERE finished_at IS NULL AND status = 'RUNNING'`;
}

/**
 * Running turns whose lease has passed. After a restart of the database those who live are given the time to renew theirs.
 */
export function listAbandonedTurns(db: PrismaClient): Promise<AbandonedTurn[]> {
  return db.$queryRaw<AbandonedTurn[]>`
    SELECT workspace_id AS "workspaceId", conversation_id AS "conversationId", id, number, attempt,
      (SELECT id FROM messages m WHERE m.workspace_id = t.workspace_id AND m.turn_id = t.id AND m.role = 'USER') AS "messageId",
      first_token_at IS NOT NULL AS shown, partial_text AS "partialText", stage_id AS "stageId",
      cancel_requested_at IS NOT NULL AS "cancelRequested"
    FROM turns t WHERE finished_at IS NULL AND status = 'RUNNING' AND lease_expires_at < now()
      AND (lease_expires_at = ${ENDED} OR pg_postmaster_start_time() < now() - ${LEASE_MS} * interval '1 millisecond')
    ORDER BY lease_expires_at LIMIT 1000`;
}

/** Puts a turn that has shown nothing back into the queue, at its old place. */
export async function requeueTurn(db: PrismaClient, turn: ClaimedTurn): Promise<void> {
  await db.$executeRaw`
    WITH held AS (
      SELECT FROM conversations WHERE workspace_id = ${turn.workspaceId} AND id = ${turn.conversationId} FOR NO KEY UPDATE
    ), requeued AS (
      UPDATE turns SET status = 'QUEUED', lease_expires_at = NULL FROM held
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
