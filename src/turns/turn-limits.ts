import type { Context } from '../context.ts';
import { LimitExceededError } from '../errors.ts';
import type { Route } from './route.ts';

/** Whether turns are limited at all, besides what one message may hold. */
export function limitsTurns({ rateLimits, limits }: Context): boolean {
  return rateLimits.countsTurns || limits.turnsAtOnce > 0;
}

/**
 * Throws LimitExceededError when the key, the identity or the workspace may not begin another turn now. What has been
 * accepted already is not refused when it is sent again.
 */
export async function requireTurnAllowed(
  ctx: Context,
  route: Pick<Route, 'identityId' | 'channelId'>,
  clientMessageId: string | null,
): Promise<void> {
  try {
    await ctx.rateLimits.takeTurn(ctx.access, route.identityId);
    await requireRoom(ctx);
  } catch (error) {
    if (error instanceof LimitExceededError && (await isAccepted(ctx, route, clientMessageId))) return;
    throw error;
  }
}

async function requireRoom({ db, workspaceId, limits: { turnsAtOnce } }: Context): Promise<void> {
  if (turnsAtOnce === 0 || (await db.turn.count({ where: { workspaceId, finishedAt: null } })) < turnsAtOnce) return;
  throw new LimitExceededError(
    'turns-per-workspace',
    `At most ${turnsAtOnce} turns of a workspace can wait or run at once. Send the message again when one has ended.`,
    { retryAfterSeconds: 1 },
  );
}

async function isAccepted(
  { db, workspaceId }: Context,
  { identityId, channelId }: Pick<Route, 'identityId' | 'channelId'>,
  clientMessageId: string | null,
): Promise<boolean> {
  if (clientMessageId === null) return false;
  const where = { workspaceId, clientMessageId, conversation: { identityId, channelId } };
  return (await db.turn.findFirst({ where, select: { id: true } })) !== null;
}
