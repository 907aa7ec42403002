import type { Context } from '../context.ts';
import { literally } from '../database/like.ts';
import { uniquely } from '../database/violations.ts';
import { ConflictError, ForbiddenError, NotFoundError } from '../errors.ts';
import type { Identity, Prisma, StageTransition } from '../generated/prisma/client.ts';
import { newId } from '../ids.ts';
import { canName, defined, parseInput } from '../input.ts';
import { enqueueEffects } from '../stages/effects.ts';
import type { StageReference } from '../stages/model.ts';
import { requireStage } from '../stages/operations.ts';
import {
  ownedByIdentity,
  ownIdentity,
  requireGrantable,
  requireOperatorWrite,
  requireRead,
} from '../workspaces/access.ts';
import { type Erasure, erase } from './erasure.ts';
import {
  assignStageInput,
  createAccessTokenInput,
  type IdentityReference,
  newIdentityInput,
  searchInput,
  upsertIdentityInput,
} from './model.ts';
import { StageConflictError } from './stage-conflict.ts';

type IdentityQuery = Pick<Prisma.IdentityFindManyArgs, 'include' | 'where' | 'take' | 'skip'>;
type Found<Query extends IdentityQuery> = Prisma.IdentityGetPayload<Query>;

export const WITH_STAGE = { include: { stage: true } } as const;
export type IdentityWithStage = Found<typeof WITH_STAGE>;

const MISSING = 'There is no identity with this id or external id.';

/** The identities of the workspace, oldest first; `search` finds part of a name, email, phone or external id in any case. */
export async function listIdentities<Query extends IdentityQuery>(
  ctx: Context,
  query: Query,
  { stage, ...filter }: { stage?: StageReference | null; search?: string | null } = {},
): Promise<Found<Query>[]> {
  requireRead(ctx);
  const { search } = parseInput(searchInput, filter);
  if (stage && !canName(stage)) return [];
  const identities = await ctx.db.identity.findMany({
    ...query,
    where: {
      workspaceId: ctx.workspaceId,
      ...ownIdentity(ctx),
      AND: query.where ?? {},
      ...(stage ? { stage: { ...stage, workspaceId: ctx.workspaceId } } : {}),
      ...(search ? { OR: matches(search) } : {}),
    },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  });
  return identities as Found<Query>[];
}

function matches(search: string): Prisma.IdentityWhereInput[] {
  const contained = { contains: literally(search), mode: 'insensitive' } as const;
  return [{ name: contained }, { email: contained }, { phone: contained }, { externalId: contained }];
}

/** To an access token every identity but its own is missing. */
export async function findIdentity<Query extends IdentityQuery>(
  ctx: Context,
  by: IdentityReference,
  query: Query,
): Promise<Found<Query> | null> {
  requireRead(ctx);
  const identity = canName(by) ? await ctx.db.identity.findFirst({ ...query, where: named(ctx, by) }) : null;
  return identity as Found<Query> | null;
}

/** Throws NotFoundError. */
export async function getIdentity(ctx: Context, by: IdentityReference): Promise<IdentityWithStage> {
  const identity = await findIdentity(ctx, by, WITH_STAGE);
  if (!identity) throw new NotFoundError(MISSING);
  return identity;
}

/** The id another operation was told to use, whatever its caller may read; throws NotFoundError. */
export async function requireIdentityId(ctx: Context, by: IdentityReference): Promise<string> {
  const identity = canName(by)
    ? await ctx.db.identity.findFirst({ where: named(ctx, by), select: { id: true } })
    : null;
  if (!identity) throw new NotFoundError(MISSING);
  return identity.id;
}

/** The `where` of one identity, as far as the credentials can see it. */
export function named(ctx: Context, by: IdentityReference): Prisma.IdentityWhereInput {
  return { ...by, workspaceId: ctx.workspaceId, AND: ownIdentity(ctx) };
}

/**
 * Changes the identity, or creates it when it is named by an external id nobody has yet. Omitted fields keep what they
 * are, null clears. Throws NotFoundError for an id that does not exist and ConflictError when the new external id is taken.
 */
export async function upsertIdentity(
  ctx: Context,
  by: IdentityReference,
  input: unknown,
): Promise<{ identity: IdentityWithStage; created: boolean }> {
  requireOperatorWrite(ctx);
  const changes = parseInput(upsertIdentityInput, input);
  const taken = () => new ConflictError(`There is already an identity with the external id "${changes.externalId}".`);
  const update = async () => {
    // Prisma cannot return the stage of an update that sets nothing, so it always sets the time.
    const data = { ...defined(changes), updatedAt: new Date() };
    const write = { ...WITH_STAGE, where: { ...by, workspaceId: ctx.workspaceId }, data };
    const [identity] = canName(by) ? await uniquely(ctx.db.identity.updateManyAndReturn(write), taken) : [];
    return identity;
  };

  const updated = await update();
  if (updated) return { identity: updated, created: false };
  if ('id' in by) throw new NotFoundError(MISSING);
  const identity = parseInput(newIdentityInput, { ...by, ...defined(changes) });
  // Inserting nothing where another request has just created it keeps both of them from failing.
  const [created] = await ctx.db.identity.createManyAndReturn({
    ...WITH_STAGE,
    data: [{ ...defined(identity), id: newId('Identity'), workspaceId: ctx.workspaceId }],
    skipDuplicates: true,
  });
  if (created) return { identity: created, created: true };
  const meanwhile = await update();
  if (!meanwhile) throw taken();
  return { identity: meanwhile, created: false };
}

/** Erases the identity and everything it left behind, in one transaction; cannot be undone. Throws NotFoundError. */
export async function deleteIdentity(ctx: Context, by: IdentityReference): Promise<Erasure> {
  requireOperatorWrite(ctx);
  const id = await requireIdentityId(ctx, by);
  // Waits for a turn that is just being stored, and then has much to delete.
  const erasure = await ctx.db.$transaction((tx) => erase(tx, ctx.workspaceId, id), { timeout: 60_000 });
  if (!erasure) throw new NotFoundError(MISSING);
  for (const conversationId of erasure.conversationIds) ctx.turns.forget(conversationId);
  ctx.transitionFeed.notify(ctx.workspaceId);
  return erasure;
}

/** Who or what moves an identity. A rule moves it only while it is where the move that set off the rule has brought it. */
export type TransitionOrigin =
  | { cause: 'API' }
  | { cause: 'ASSISTANT'; turnId: string }
  | { cause: 'RULE'; causedBy: StageTransition };

/** Whether the identity is still in the stage a move brought it into, and has not left it meanwhile. */
export function isStillThere(identity: Identity, { toStageId, createdAt }: StageTransition): boolean {
  return identity.stageId === toStageId && identity.stageEnteredAt?.getTime() === createdAt.getTime();
}

/**
 * Moves the identity into a stage, logs the move and puts the effects of the stage into the queue; naming the stage it is already
 * in changes nothing. Throws NotFoundError, ConflictError for an archived stage or one that may not follow, and StageConflictError
 * when it is not in `expectedStage`. Tells whether it was moved.
 */
export async function assignStage(
  ctx: Context,
  by: IdentityReference,
  input: unknown,
  origin: TransitionOrigin = { cause: 'API' },
): Promise<{ identity: IdentityWithStage; moved: boolean }> {
  requireOperatorWrite(ctx);
  const { stage: stageBy, expectedStage, metadata } = parseInput(assignStageInput, input);
  const { workspaceId } = ctx;
  const [id, stage, expected] = await Promise.all([
    requireIdentityId(ctx, by),
    requireStage(ctx, stageBy),
    expectedStage ? requireStage(ctx, expectedStage) : null,
  ]);
  const causedBy = origin.cause === 'RULE' ? origin.causedBy : null;
  if (stage.archivedAt) throw new ConflictError(`The stage "${stage.key}" is archived; nobody can be moved into it.`);

  const assigned = await ctx.db.$transaction(async (tx) => {
    // The lock puts simultaneous moves in order; the database's clock is the same for every process.
    const [locked] = await tx.$queryRaw<{ at: Date }[]>`
      SELECT clock_timestamp() AS at FROM identities WHERE workspace_id = ${workspaceId} AND id = ${id} FOR UPDATE`;
    if (!locked) throw new NotFoundError(MISSING);
    const where = { workspaceId_id: { workspaceId, id } };
    const before = await tx.identity.findUniqueOrThrow({ ...WITH_STAGE, where });
    if (expected && before.stageId !== expected.id) throw new StageConflictError(expected, before.stage);
    if (before.stageId === stage.id || (causedBy && !isStillThere(before, causedBy)))
      return { identity: before, moved: false };
    if (before.stage?.limitsNext && !before.stage.allowedNextIds.includes(stage.id)) {
      throw new ConflictError(
        `The stage "${before.stage.key}" may not be followed by "${stage.key}".`,
        'STAGE_NOT_ALLOWED',
      );
    }
    const transition = await tx.stageTransition.create({
      data: {
        id: newId('StageTransition'),
        workspaceId,
        identityId: id,
        fromStageId: before.stageId,
        fromEnteredAt: before.stageEnteredAt,
        toStageId: stage.id,
        cause: origin.cause,
        metadata,
        turnId: origin.cause === 'ASSISTANT' ? origin.turnId : null,
        causedById: causedBy?.id ?? null,
        depth: causedBy ? causedBy.depth + 1 : 0,
        createdAt: locked.at,
      },
    });
    await enqueueEffects(ctx, tx, stage, transition);
    const data = { stageId: stage.id, stageEnteredAt: locked.at };
    return { identity: await tx.identity.update({ ...WITH_STAGE, where, data }), moved: true };
  });
  if (assigned.moved) ctx.transitionFeed.notify(workspaceId);
  return assigned;
}

/** To an access token the moves of every identity but its own are missing. */
export async function findTransition(
  ctx: Context,
  id: string,
  query: Pick<Prisma.StageTransitionFindManyArgs, 'include'> = {},
): Promise<StageTransition | null> {
  requireRead(ctx);
  return ctx.db.stageTransition.findFirst({
    ...query,
    where: { id, workspaceId: ctx.workspaceId, ...ownedByIdentity(ctx) },
  });
}

/** A short-lived token that sees this identity only, and ends with the key that makes it. Throws ForbiddenError for a permission the caller does not have. */
export async function createAccessToken(
  ctx: Context,
  by: IdentityReference,
  input: unknown,
): Promise<{ token: string; expiresAt: Date; identity: IdentityWithStage }> {
  requireOperatorWrite(ctx);
  const { workspaceId, access } = ctx;
  if (access.apiKeyId === null) throw new ForbiddenError('Only an API key makes access tokens.');
  const { permissions, lifetimeMinutes } = parseInput(createAccessTokenInput, input);
  requireGrantable(ctx, permissions);
  const identity = canName(by) ? await ctx.db.identity.findFirst({ ...WITH_STAGE, where: named(ctx, by) }) : null;
  if (!identity) throw new NotFoundError(MISSING);
  const end = Math.min(Date.now() + lifetimeMinutes * 60_000, access.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY);
  // A JWT ends on a whole second.
  const expiresAt = new Date(Math.floor(end / 1000) * 1000);
  const grant = { workspaceId, apiKeyId: access.apiKeyId, identityId: identity.id, permissions, expiresAt };
  const token = await ctx.accessTokens.sign(grant);
  return { token, expiresAt, identity };
}
