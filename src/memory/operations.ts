import type { Context } from '../context.ts';
import { literally } from '../database/like.ts';
import { LimitExceededError, NotFoundError } from '../errors.ts';
import { type MemoryEntry, Prisma } from '../generated/prisma/client.ts';
import type { IdentityReference } from '../identities/model.ts';
import { named, requireIdentityId } from '../identities/operations.ts';
import { newId } from '../ids.ts';
import { canName, parseInput } from '../input.ts';
import { requireOperatorWrite, requireRead } from '../workspaces/access.ts';
import { forgetInput, MAX_ENTRIES, memoryKey, rememberInput } from './model.ts';

/** What is known about an identity, by key; `prefix` takes the key itself and everything below it. */
export async function listMemory(ctx: Context, by: IdentityReference, prefix?: string | null): Promise<MemoryEntry[]> {
  requireRead(ctx);
  const identityId = await requireIdentityId(ctx, by);
  const { where, ...query } = memoryQuery(prefix);
  return ctx.db.memoryEntry.findMany({ ...query, where: { ...where, workspaceId: ctx.workspaceId, identityId } });
}

/** The part of a query that makes a listing: its order, its bound and the keys it takes. */
export function memoryQuery(prefix?: string | null) {
  return { where: prefix == null ? {} : under(prefix), orderBy: { key: 'asc' }, take: MAX_ENTRIES } as const;
}

function under(prefix: string): Prisma.MemoryEntryWhereInput {
  // Nothing can be kept under what is no key.
  if (!memoryKey.safeParse(prefix).success) return { key: { in: [] } };
  return { OR: [{ key: prefix }, { key: { startsWith: `${literally(prefix)}.` } }] };
}

/**
 * Keeps a value under a key; the later of two writes wins. Throws NotFoundError, and LimitExceededError when the
 * identity has too many keys already.
 */
export async function remember(ctx: Context, by: IdentityReference, input: unknown): Promise<MemoryEntry> {
  requireOperatorWrite(ctx);
  const { key, value, ...origin } = parseInput(rememberInput, input);
  const { workspaceId } = ctx;
  const others = { memory: { where: { key: { not: key } } } };
  const select = { id: true, _count: { select: others } };
  const identity = canName(by) ? await ctx.db.identity.findFirst({ where: named(ctx, by), select }) : null;
  if (!identity) throw new NotFoundError('There is no identity with this id or external id.');
  if (identity._count.memory >= MAX_ENTRIES) {
    throw new LimitExceededError(
      'memory-entries',
      `An identity can have at most ${MAX_ENTRIES} keys in its memory; forget one first.`,
    );
  }
  const identityId = identity.id;
  const entry = { ...origin, value: value === null ? Prisma.JsonNull : value };
  return ctx.db.memoryEntry.upsert({
    where: { workspaceId_identityId_key: { workspaceId, identityId, key } },
    create: { ...entry, id: newId('MemoryEntry'), workspaceId, identityId, key },
    update: entry,
  });
}

/** Drops what is kept under exactly this key; null when nothing was. Throws NotFoundError for an unknown identity. */
export async function forget(ctx: Context, by: IdentityReference, key: string): Promise<MemoryEntry | null> {
  requireOperatorWrite(ctx);
  parseInput(forgetInput, { key });
  const where = { workspaceId: ctx.workspaceId, identityId: await requireIdentityId(ctx, by), key };
  const entry = await ctx.db.memoryEntry.findFirst({ where });
  const { count } = await ctx.db.memoryEntry.deleteMany({ where });
  return count > 0 ? entry : null;
}
