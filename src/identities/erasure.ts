import type { Prisma } from '../generated/prisma/client.ts';

/** How much of each kind went with an identity. */
export interface Erasure {
  identityId: string;
  conversations: number;
  turns: number;
  messages: number;
  memoryEntries: number;
  transitions: number;
  /** Rendered instructions that only its turns had used. */
  prompts: number;
  /** The conversations themselves: what is kept of them outside the database goes too. */
  conversationIds: string[];
}

/** Deletes an identity and everything that is about it; null when it is gone already. Runs in the caller's transaction. */
export async function erase(
  tx: Prisma.TransactionClient,
  workspaceId: string,
  identityId: string,
): Promise<Erasure | null> {
  // Nothing new can refer to a locked identity: what comes later waits, and then finds it gone.
  const locked = await tx.$queryRaw<unknown[]>`
    SELECT FROM identities WHERE workspace_id = ${workspaceId} AND id = ${identityId} FOR UPDATE`;
  if (locked.length === 0) return null;

  // Replies that are just being stored are waited for, before anything they touch is deleted.
  const spokenIn = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM conversations WHERE workspace_id = ${workspaceId} AND identity_id = ${identityId} ORDER BY id FOR UPDATE`;

  const conversationIds = spokenIn.map(({ id }) => id);
  const own = { workspaceId, identityId };
  const spoken = { workspaceId, conversation: own };
  const { count: messages } = await tx.message.deleteMany({ where: spoken });
  // What the turns had used is known once none of them can be pinned any more.
  const used = await tx.$queryRaw<{ hash: string | null; turns: number }[]>`
    WITH deleted AS (
      DELETE FROM turns WHERE workspace_id = ${workspaceId} AND conversation_id = ANY(${conversationIds}) RETURNING instructions_hash
    )
    SELECT instructions_hash AS hash, count(*)::int AS turns FROM deleted GROUP BY instructions_hash`;
  const turns = used.reduce((sum, { turns }) => sum + turns, 0);
  const { count: conversations } = await tx.conversation.deleteMany({ where: own });
  const { count: memoryEntries } = await tx.memoryEntry.deleteMany({ where: own });
  const { count: transitions } = await tx.stageTransition.deleteMany({ where: own });
  const prompts = await tx.$executeRaw`
    DELETE FROM prompts
    WHERE workspace_id = ${workspaceId} AND hash = ANY(${used.map(({ hash }) => hash)})
      AND NOT EXISTS (
        SELECT FROM turns WHERE turns.workspace_id = prompts.workspace_id AND turns.instructions_hash = prompts.hash
      )`;
  await tx.identity.delete({ where: { workspaceId_id: { workspaceId, id: identityId } } });
  return { identityId, conversations, turns, messages, memoryEntries, transitions, prompts, conversationIds };
}
