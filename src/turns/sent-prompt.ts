import type { Context } from '../context.ts';
import { MESSAGE_ORDER } from '../conversations/operations.ts';
import type { Turn } from '../generated/prisma/client.ts';
import { requireAuthor } from '../workspaces/access.ts';
import { hashPrompt, toModelMessages } from './prompt.ts';

export interface SentPrompt {
  instructions: string;
  messages: { role: string; content: string }[];
  hash: string;
}

/**
 * Rebuilds what the model was sent first for a turn: the stored instructions and the stretch of history that went along.
 * Null before the reply began.
 */
export async function findPrompt(ctx: Context, turn: Turn): Promise<SentPrompt | null> {
  requireAuthor(ctx);
  const { workspaceId } = ctx;
  const { conversationId, number, instructionsHash, historySize } = turn;
  if (instructionsHash === null || historySize === null) return null;
  const [prompt, history, own] = await Promise.all([
    ctx.db.prompt.findUnique({ where: { workspaceId_hash: { workspaceId, hash: instructionsHash } } }),
    ctx.db.message.findMany({
      where: { workspaceId, conversationId, turnNumber: { lt: number } },
      orderBy: [{ turnNumber: 'desc' }, { id: 'desc' }],
      take: historySize,
    }),
    ctx.db.message.findMany({
      where: { workspaceId, conversationId, turnId: turn.id, role: 'USER' },
      orderBy: MESSAGE_ORDER,
    }),
  ]);
  if (!prompt) return null;
  const messages = toModelMessages(prompt.text, [...history.reverse(), ...own]);
  return { instructions: prompt.text, messages, hash: turn.promptHash ?? hashPrompt(messages) };
}
