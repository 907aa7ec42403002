import type { Context } from '../context.ts';
import { Prisma, type StageTransition } from '../generated/prisma/client.ts';
import type { StageReference } from '../stages/model.ts';
import { requireStage } from '../stages/operations.ts';
import { requireRead } from '../workspaces/access.ts';
import type { IdentityReference } from './model.ts';
import { requireIdentityId } from './operations.ts';
import { firstUnseen, parseSnapshot, readUpTo, toSnapshotText } from './snapshot.ts';
import type { TransitionPosition } from './transition-cursors.ts';

/** How many moves are read at once. */
const PAGE_SIZE = 200;
/** No transaction of ours lasts so long; what bears an older time was told long ago. */
const MAX_DELAY_MS = 600_000;

/** A move and how far its reader is with it. */
export type FollowedTransition = StageTransition & { position: TransitionPosition };

/** Which moves to follow. */
export interface TransitionFilter {
  workspaceId: string;
  identityId?: string | undefined;
  stageId?: string | undefined;
}

/**
 * The moves from now on, or since a cursor, of one identity or of all, into or out of one stage or any; an access token follows its
 * own identity only. Throws NotFoundError for a reference that names nothing, InvalidInputError for a cursor of another workspace.
 */
export async function followTransitions(
  ctx: Context,
  {
    identity,
    stage,
    after,
  }: { identity?: IdentityReference | null; stage?: StageReference | null; after?: string | null },
): Promise<FollowedTransitions> {
  requireRead(ctx);
  const position = after == null ? null : ctx.transitionCursors.decode(ctx.workspaceId, after);
  const identityId = identity ? await requireIdentityId(ctx, identity) : (ctx.access.identityId ?? undefined);
  const stageId = stage ? (await requireStage(ctx, stage)).id : undefined;
  const followed = new FollowedTransitions(ctx, { workspaceId: ctx.workspaceId, identityId, stageId });
  await followed.start(position);
  return followed;
}

/**
 * Reads the log on every notice, from where it has come to: whatever has become visible since then, once each, in whatever order
 * transactions end. Written by hand: a generator that waits for the next notice could not be left.
 */
export class FollowedTransitions implements AsyncIterableIterator<FollowedTransition> {
  readonly #ctx: Pick<Context, 'db' | 'workspaceId' | 'transitionFeed'>;
  readonly #filter: TransitionFilter;
  readonly #waiting: FollowedTransition[] = [];
  #position: TransitionPosition | null = null;
  #stale = true;
  #ended = false;
  #wake = Promise.withResolvers<void>();
  #unsubscribe = () => {};

  constructor(ctx: Pick<Context, 'db' | 'workspaceId' | 'transitionFeed'>, filter: TransitionFilter) {
    this.#ctx = ctx;
    this.#filter = filter;
  }

  /** Listens first and then takes its position, so that nothing falls between the two. */
  async start(position: TransitionPosition | null = null): Promise<void> {
    this.#unsubscribe = this.#ctx.transitionFeed.subscribe(this.#ctx.workspaceId, () => {
      this.#stale = true;
      this.#wake.resolve();
    });
    try {
      this.#position = position ?? (await this.#present());
    } catch (error) {
      await this.return();
      throw error;
    }
  }

  async next(): Promise<IteratorResult<FollowedTransition>> {
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

  async return(): Promise<IteratorResult<FollowedTransition>> {
    this.#ended = true;
    this.#unsubscribe();
    this.#wake.resolve();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #present(): Promise<TransitionPosition> {
    const [row] = await this.#ctx.db.$queryRaw<[{ snapshot: string; at: Date }]>`
      SELECT pg_current_snapshot()::text AS snapshot, now() AS at`;
    return { seen: parseSnapshot(row.snapshot), at: row.at };
  }

  /** Takes what has become visible since the last reading, a page at most. */
  async #read(): Promise<void> {
    this.#stale = false;
    this.#wake = Promise.withResolvers();
    const before = this.#position as TransitionPosition;
    const { found, snapshot, at } = await this.#newSince(before);
    const now = parseSnapshot(snapshot);
    for (const row of found.length === 0 ? [] : await this.#load(found.map(({ id }) => id))) {
      this.#waiting.push({ ...row, position: { seen: readUpTo(before.seen, now, row.transactionId), at: before.at } });
    }
    const last = found.at(-1);
    if (found.length < PAGE_SIZE || !last) {
      this.#position = { seen: now, at };
    } else {
      this.#position = { seen: readUpTo(before.seen, now, BigInt(last.transactionId)), at: before.at };
      this.#stale = true;
    }
  }

  #load(ids: string[]): Promise<StageTransition[]> {
    const { workspaceId } = this.#filter;
    const orderBy = [{ transactionId: 'asc' as const }, { id: 'asc' as const }];
    return this.#ctx.db.stageTransition.findMany({ where: { workspaceId, id: { in: ids } }, orderBy });
  }

  /** The moves that were not visible at a position and are now, in the order of their transactions, and the view that shows them. */
  async #newSince({ seen, at }: TransitionPosition) {
    const { workspaceId, identityId, stageId } = this.#filter;
    const oldest = new Date(at.getTime() - MAX_DELAY_MS);
    const [view] = await this.#ctx.db.$queryRaw<
      [{ snapshot: string; at: Date; found: { id: string; transactionId: string }[] | null }]
    >`
      SELECT pg_current_snapshot()::text AS snapshot, now() AS at, (
        SELECT json_agg(json_build_object('id', id, 'transactionId', transaction_id::text) ORDER BY transaction_id, id)
        FROM (
          SELECT id, transaction_id FROM stage_transitions
          WHERE workspace_id = ${workspaceId} AND transaction_id >= ${firstUnseen(seen)} AND created_at > ${oldest}::timestamptz
            AND NOT pg_visible_in_snapshot(transaction_id::text::xid8, ${toSnapshotText(seen)}::pg_snapshot)
            AND pg_visible_in_snapshot(transaction_id::text::xid8, pg_current_snapshot())
            ${identityId ? Prisma.sql`AND identity_id = ${identityId}` : Prisma.empty}
            ${stageId ? Prisma.sql`AND (from_stage_id = ${stageId} OR to_stage_id = ${stageId})` : Prisma.empty}
          ORDER BY transaction_id FETCH FIRST ${PAGE_SIZE} ROWS WITH TIES
        ) AS page
      ) AS found`;
    return { ...view, found: view.found ?? [] };
  }
}
