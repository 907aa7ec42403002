import type { Context } from '../context.ts';
import type { Prisma, StageTransition } from '../generated/prisma/client.ts';
import type { StageReference } from '../stages/model.ts';
import { requireStage } from '../stages/operations.ts';
import { ownedByIdentity, requireRead } from '../workspaces/access.ts';
import type { IdentityReference } from './model.ts';
import { requireIdentityId } from './operations.ts';

/** How far back each reading begins: a move can be committed this long after the time it bears (and clocks differ). */
const OVERLAP_MS = 15_000;

/**
 * The moves from now on, of one identity or of all, into or out of one stage or any; an access token follows its own
 * identity only. Throws NotFoundError for a reference that names nothing.
 */
export async function followTransitions(
  ctx: Context,
  { identity, stage }: { identity?: IdentityReference | null; stage?: StageReference | null },
): Promise<FollowedTransitions> {
  requireRead(ctx);
  const identityId = identity ? await requireIdentityId(ctx, identity) : undefined;
  const stageId = stage ? (await requireStage(ctx, stage)).id : undefined;
  const followed = new FollowedTransitions(ctx, {
    workspaceId: ctx.workspaceId,
    AND: ownedByIdentity(ctx),
    ...(identityId ? { identityId } : {}),
    ...(stageId ? { OR: [{ fromStageId: stageId }, { toStageId: stageId }] } : {}),
  });
  await followed.start();
  return followed;
}

/** Reads the log on every notice. Written by hand: a generator that waits for the next notice could not be left. */
export class FollowedTransitions implements AsyncIterableIterator<StageTransition> {
  readonly #ctx: Pick<Context, 'db' | 'workspaceId' | 'transitionFeed'>;
  readonly #where: Prisma.StageTransitionWhereInput;
  readonly #waiting: StageTransition[] = [];
  /** The moves inside the overlap that need not be told again. */
  #seen = new Set<string>();
  #readAt = Date.now();
  #stale = false;
  #ended = false;
  #wake = Promise.withResolvers<void>();
  #unsubscribe = () => {};

  constructor(ctx: Pick<Context, 'db' | 'workspaceId' | 'transitionFeed'>, where: Prisma.StageTransitionWhereInput) {
    this.#ctx = ctx;
    this.#where = where;
  }

  /** Listens first and then looks at what is there already, so that nothing falls between the two. */
  async start(): Promise<void> {
    this.#unsubscribe = this.#ctx.transitionFeed.subscribe(this.#ctx.workspaceId, () => {
      this.#stale = true;
      this.#wake.resolve();
    });
    try {
      for (const { id } of await this.#recent()) this.#seen.add(id);
    } catch (error) {
      await this.return();
      throw error;
    }
  }

  async next(): Promise<IteratorResult<StageTransition>> {
    try {
      for (;;) {
        if (this.#ended) return { done: true, value: undefined };
        const transition = this.#waiting.shift();
        if (transition) return { done: false, value: transition };
        if (this.#stale) await this.#read();
        else await this.#wake.promise;
      }
    } catch (error) {
      await this.return();
      throw error;
    }
  }

  async return(): Promise<IteratorResult<StageTransition>> {
    this.#ended = true;
    this.#unsubscribe();
    this.#wake.resolve();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #read(): Promise<void> {
    this.#stale = false;
    this.#wake = Promise.withResolvers();
    const recent = await this.#recent();
    this.#waiting.push(...recent.filter(({ id }) => !this.#seen.has(id)));
    this.#seen = new Set(recent.map(({ id }) => id));
  }

  /** What has happened since a little before the last reading. */
  async #recent(): Promise<StageTransition[]> {
    const since = new Date(this.#readAt - OVERLAP_MS);
    this.#readAt = Date.now();
    return this.#ctx.db.stageTransition.findMany({
      where: { ...this.#where, createdAt: { gte: since } },
      orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    });
  }
}
