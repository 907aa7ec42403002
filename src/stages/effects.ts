import type { Context } from '../context.ts';
import type { NewJob } from '../database/job-queue.ts';
import { type InputIssue, InvalidInputError } from '../errors.ts';
import type { Prisma, Stage, StageTransition } from '../generated/prisma/client.ts';
import { canName } from '../input.ts';
import { effectsOf, type StageEffect, type StageEffectInput } from './model.ts';

/** A move that effects led to, after so many others, has no effects that move: two stages cannot send somebody to and fro for ever. */
export const MAX_DEPTH = 5;

/** What the jobs of effects are called. */
export const EFFECT_JOBS = {
  openingMessage: 'send-opening-message',
  moveAfter: 'move-on',
  webhook: 'deliver-webhook',
} as const;

/** What every job of an effect knows: the move that caused it, and which of the stage's effects it is. */
export interface EffectJobPayload {
  workspaceId: string;
  transitionId: string;
  /** The channel of an opening message, the URL of a webhook. */
  name: string;
}

// The last attempt comes after 22 hours: the time between two of them grows from 3 seconds to 6 hours.
const WEBHOOK_ATTEMPTS = 13;

/** Puts the effects of a stage that was just entered into the queue, in the transaction of the move: none is lost, none comes of a move that was undone. */
export async function enqueueEffects(
  { jobs, log }: Pick<Context, 'jobs' | 'log'>,
  tx: Prisma.TransactionClient,
  stage: Stage,
  transition: StageTransition,
): Promise<void> {
  for (const effect of effectsOf(stage)) {
    if (effect.type === 'moveAfter' && transition.depth >= MAX_DEPTH) {
      log.warn(
        { transitionId: transition.id, stageId: stage.id },
        `A chain of moves was cut: ${MAX_DEPTH} had followed from one another`,
      );
    } else {
      await jobs.enqueue(tx, toJob(effect, transition));
    }
  }
}

/** The job of one effect of one move, and so its key: making it again replaces it. */
export function toJob(
  effect: StageEffect,
  { id: transitionId, workspaceId, createdAt }: StageTransition,
  runAt?: Date,
): NewJob {
  const name = nameOf(effect);
  const payload: EffectJobPayload = { workspaceId, transitionId, name };
  const job = {
    name: EFFECT_JOBS[effect.type],
    payload: { ...payload },
    key: `${transitionId} ${effect.type} ${name}`.trim(),
  };
  if (effect.type === 'moveAfter')
    return { ...job, runAt: runAt ?? new Date(createdAt.getTime() + effect.seconds * 1000) };
  return effect.type === 'webhook' ? { ...job, maxAttempts: WEBHOOK_ATTEMPTS } : job;
}

/** What tells an effect from the others of its kind in the same stage. */
export function nameOf(effect: StageEffect): string {
  if (effect.type === 'openingMessage') return effect.channelId;
  return effect.type === 'webhook' ? effect.url : '';
}

/**
 * The effects as they are stored. A webhook without a secret keeps the one stored for its URL. Throws InvalidInputError for
 * references that name nothing, and for effects that cannot be told from one another.
 */
export async function resolveEffects(
  ctx: Context,
  inputs: readonly StageEffectInput[],
  before: Stage | null,
): Promise<StageEffect[]> {
  const issues: InputIssue[] = [];
  const refuse = (path: string, message: string): null => {
    issues.push({ path: `effects.${path}`, message });
    return null;
  };
  const resolved = await Promise.all(
    inputs.map((input, index) =>
      resolveEffect(ctx, input, before, (path, message) => refuse(`${index}.${path}`, message)),
    ),
  );
  const seen = new Set<string>();
  for (const [index, effect] of resolved.entries()) {
    if (!effect) continue;
    const identity = `${effect.type} ${nameOf(effect)}`;
    if (seen.has(identity)) refuse(`${index}.${effect.type}`, SECOND[effect.type]);
    seen.add(identity);
  }
  if (issues.length > 0) throw new InvalidInputError(issues);
  return resolved as StageEffect[];
}

const SECOND = {
  openingMessage: 'is the second one on this channel',
  moveAfter: 'is the second one: a stage moves on to one other',
  webhook: 'is the second one to this URL',
} satisfies Record<StageEffect['type'], string>;

async function resolveEffect(
  { db, workspaceId, webhooks }: Context,
  { openingMessage, moveAfter, webhook }: StageEffectInput,
  before: Stage | null,
  refuse: (path: string, message: string) => null,
): Promise<StageEffect | null> {
  if (openingMessage) {
    const { channel: by, text } = openingMessage;
    const channel = canName(by) && (await db.channel.findFirst({ where: { ...by, workspaceId, deletedAt: null } }));
    if (!channel) return refuse('openingMessage.channel', 'names no channel of this workspace');
    return { type: 'openingMessage', channelId: channel.id, text };
  }
  if (moveAfter) {
    const { stage: by, seconds } = moveAfter;
    const stage = canName(by) && (await db.stage.findFirst({ where: { ...by, workspaceId, archivedAt: null } }));
    if (!stage) return refuse('moveAfter.stage', 'names no stage of this workspace that is in use');
    if (stage.id === before?.id) return refuse('moveAfter.stage', 'must be another stage');
    return { type: 'moveAfter', seconds, stageId: stage.id };
  }
  const { url, secret } = webhook as NonNullable<StageEffectInput['webhook']>;
  const stored = before
    ? effectsOf(before).find((effect) => effect.type === 'webhook' && effect.url === url)
    : undefined;
  const kept = stored?.type === 'webhook' ? stored.secret : null;
  const key = secret ? webhooks.seal(secret, { workspaceId, url }) : kept;
  return key ? { type: 'webhook', url, secret: key } : refuse('webhook.secret', 'is required for a new URL');
}
