import type { Context, Services } from '../context.ts';
import type { JobLane, RunningJob } from '../database/job-queue.ts';
import { ConflictError } from '../errors.ts';
import type { Prisma } from '../generated/prisma/client.ts';
import { assignStage, isStillThere } from '../identities/operations.ts';
import { EFFECT_JOBS, type EffectJobPayload, nameOf, toJob } from '../stages/effects.ts';
import { effectsOf, type StageEffect } from '../stages/model.ts';
import { WebhookError } from '../webhooks/sender.ts';
import { serverAccess } from '../workspaces/access.ts';
import { sendOpeningMessage } from './opening-message.ts';
import { toWebhookBody } from './webhook-body.ts';

/** What an effect is an effect of. */
export const CAUSE = { identity: true, fromStage: true, toStage: true } satisfies Prisma.StageTransitionInclude;
export type Cause = Prisma.StageTransitionGetPayload<{ include: typeof CAUSE }>;

type EffectOf<Type extends StageEffect['type']> = Extract<StageEffect, { type: Type }>;
type Effect<Type extends StageEffect['type']> = (
  ctx: Context,
  cause: Cause,
  effect: EffectOf<Type>,
  job: RunningJob,
) => Promise<void>;

/** The jobs of effects. Webhooks have workers of their own: receivers that do not answer hold up nothing else. */
export function effectLanes(services: Services): JobLane[] {
  return [
    {
      concurrency: 5,
      handlers: {
        [EFFECT_JOBS.openingMessage]: handler(services, 'openingMessage', sendOpeningMessage),
        [EFFECT_JOBS.moveAfter]: handler(services, 'moveAfter', moveOn),
      },
    },
    { concurrency: 10, handlers: { [EFFECT_JOBS.webhook]: handler(services, 'webhook', deliverWebhook) } },
  ];
}

/** Nothing happens when the identity has been erased, or when the stage no longer has the effect: it is taken as it is now. */
function handler<Type extends StageEffect['type']>(services: Services, type: Type, run: Effect<Type>) {
  return async (job: RunningJob) => {
    const { workspaceId, transitionId, name } = job.payload as unknown as EffectJobPayload;
    const cause = await services.db.stageTransition.findUnique({
      where: { workspaceId_id: { workspaceId, id: transitionId } },
      include: CAUSE,
    });
    const effect = effectsOf(cause?.toStage ?? { effects: [] }).find(
      (one) => one.type === type && nameOf(one) === name,
    );
    if (cause && effect) await run(contextOf(services, cause), cause, effect as EffectOf<Type>, job);
  };
}

/** An effect acts for whoever configured the stage: within its workspace it may do what an operator may. */
function contextOf(services: Services, { workspaceId, id }: Cause): Context {
  return { ...services, workspaceId, access: serverAccess(workspaceId), requestId: id };
}

/** Moves whoever has said nothing; with a message in between, looks again when the time since then is over. */
async function moveOn(ctx: Context, cause: Cause, effect: EffectOf<'moveAfter'>): Promise<void> {
  if (!isStillThere(cause.identity, cause)) return;
  const { latest, now } = await latestMessage(ctx, cause);
  const dueAt = Math.max(cause.createdAt.getTime(), latest?.getTime() ?? 0) + effect.seconds * 1000;
  if (dueAt > now.getTime()) {
    await ctx.jobs.enqueue(ctx.db, toJob(effect, cause, new Date(dueAt)));
    return;
  }
  try {
    await assignStage(
      ctx,
      { id: cause.identityId },
      { stage: { id: effect.stageId } },
      { cause: 'RULE', causedBy: cause },
    );
  } catch (error) {
    // An archived stage, or one that may not follow: trying again would change nothing.
    if (!(error instanceof ConflictError)) throw error;
    ctx.log.warn({ transitionId: cause.id, reason: error.message }, 'An identity could not be moved on');
  }
}

/** When the identity last said something, over whatever channel: its latest message began the newest turn of a conversation. */
async function latestMessage(
  { db }: Context,
  { workspaceId, identityId }: Cause,
): Promise<{ latest: Date | null; now: Date }> {
  const [row] = await db.$queryRaw<[{ latest: Date | null; now: Date }]>`
    SELECT now() AS now, (
      SELECT max(t.created_at) FROM conversations c
      JOIN turns t ON t.workspace_id = c.workspace_id AND t.conversation_id = c.id AND t.number = c.turn_count
      WHERE c.workspace_id = ${workspaceId} AND c.identity_id = ${identityId}) AS latest`;
  return row;
}

/** Throws when the receiver has not accepted the message, so that it is tried again; unless it never will. */
async function deliverWebhook(
  ctx: Context,
  cause: Cause,
  { url, secret }: EffectOf<'webhook'>,
  { last, signal }: RunningJob,
): Promise<void> {
  try {
    const { id, workspaceId } = cause;
    await ctx.webhooks.send({ id, workspaceId, url, secret, body: toWebhookBody(cause) }, signal);
  } catch (error) {
    const gone = error instanceof WebhookError && error.gone;
    // Who is only stopping has not given up.
    if (!gone && (!last || signal.aborted)) throw error;
    ctx.log.error({ err: error, transitionId: cause.id, host: new URL(url).host }, 'A webhook was given up');
  }
}
