import type { Context } from '../context.ts';
import { NotFoundError, UnavailableError } from '../errors.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import type { TurnOutcome } from './event-log.ts';
import { followTurnEvents, type SentMessage } from './operations.ts';

/** A turn that has ended, in whatever way. */
export type AwaitedTurn =
  | ({ status: 'COMPLETED'; text: string } & TurnOutcome)
  | { status: 'FAILED'; code: string; message: string }
  | { status: 'CANCELLED' };

/** Waits for the end of a turn and collects its reply. Throws UnavailableError when the server stops before. */
export async function awaitTurn(ctx: Context, { turn, cursor }: SentMessage): Promise<AwaitedTurn> {
  let text = '';
  for await (const event of await followTurnEvents(ctx, turn, cursor)) {
    if (event.type === 'TurnTokens') text += event.text;
    else if (event.type === 'StreamGap') text = event.text;
    // Begun again: what was said before is void.
    else if (event.type === 'TurnStarted') text = '';
    else if (event.type === 'TurnCompleted' && event.outcome) return { status: 'COMPLETED', text, ...event.outcome };
    else if (event.type === 'TurnFailed') return { status: 'FAILED', code: event.code, message: event.message };
    else if (event.type === 'TurnCancelled') return { status: 'CANCELLED' };
  }
  return readOutcome(ctx, turn.id);
}

const WITH_OUTCOME = {
  messages: { where: { role: 'ASSISTANT' } },
  conversation: { select: { identity: { select: { stage: { select: { key: true } } } } } },
} satisfies Prisma.TurnInclude;

async function readOutcome({ db, workspaceId }: Context, id: string): Promise<AwaitedTurn> {
  const turn = await db.turn.findUnique({ where: { workspaceId_id: { workspaceId, id } }, include: WITH_OUTCOME });
  if (!turn) throw new NotFoundError('The conversation has been deleted.');
  const { status, messages, finishedAt, errorCode, errorMessage, inputTokens, outputTokens, usageExact } = turn;
  if (!finishedAt) throw new UnavailableError('The server is stopping; the reply will be finished later.');
  if (status === 'CANCELLED') return { status };
  const [reply] = messages;
  if (status !== 'COMPLETED' || !reply)
    return { status: 'FAILED', code: errorCode ?? 'INTERNAL', message: errorMessage ?? '' };
  const counted = inputTokens !== null && outputTokens !== null && usageExact !== null;
  return {
    ...{ status, text: reply.text, replyId: reply.id, finishedAt: reply.createdAt.toISOString() },
    stageKey: turn.conversation.identity.stage?.key ?? null,
    usage: counted ? { inputTokens, outputTokens, exact: usageExact } : null,
  };
}
