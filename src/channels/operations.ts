import type { Context } from '../context.ts';
import { uniquely } from '../database/violations.ts';
import { ConflictError, NotFoundError } from '../errors.ts';
import type { Channel, Prisma } from '../generated/prisma/client.ts';
import { newId } from '../ids.ts';
import { canName, defined, parseInput } from '../input.ts';
import { requireOperatorRead, requireOperatorWrite } from '../workspaces/access.ts';
import { type ChannelReference, createChannelInput, updateChannelInput } from './model.ts';

type ChannelQuery = Pick<Prisma.ChannelFindManyArgs, 'include' | 'where' | 'take' | 'skip'>;

/** The channels of the workspace, oldest first. */
export async function listChannels(ctx: Context, query: ChannelQuery = {}): Promise<Channel[]> {
  requireOperatorRead(ctx);
  return ctx.db.channel.findMany({
    ...query,
    where: { workspaceId: ctx.workspaceId, deletedAt: null, AND: query.where ?? {} },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  });
}

export async function findChannel(
  ctx: Context,
  by: ChannelReference,
  query: ChannelQuery = {},
): Promise<Channel | null> {
  requireOperatorRead(ctx);
  return canName(by) ? ctx.db.channel.findFirst({ ...query, where: named(ctx, by) }) : null;
}

/** Throws NotFoundError. */
export async function getChannel(ctx: Context, by: ChannelReference): Promise<Channel> {
  const channel = await findChannel(ctx, by);
  if (!channel) throw missing();
  return channel;
}

/** Throws ConflictError when the key is taken, and NotFoundError for the worker. */
export async function createChannel(ctx: Context, input: unknown): Promise<Channel> {
  requireOperatorWrite(ctx);
  const channel = parseInput(createChannelInput, input);
  await requireWorker(ctx, channel.workerId);
  return uniquely(
    ctx.db.channel.create({ data: { ...defined(channel), id: newId('Channel'), workspaceId: ctx.workspaceId } }),
    () => new ConflictError(`There is already a channel with the key "${channel.key}".`),
  );
}

/** Omitted fields keep what they are, null clears. Key and type never change. Throws NotFoundError, for the worker too. */
export async function updateChannel(ctx: Context, by: ChannelReference, input: unknown): Promise<Channel> {
  requireOperatorWrite(ctx);
  const changes = parseInput(updateChannelInput, input);
  await requireWorker(ctx, changes.workerId);
  const write = { where: named(ctx, by), data: defined(changes) };
  const [channel] = canName(by) ? await ctx.db.channel.updateManyAndReturn(write) : [];
  if (!channel) throw missing();
  routingChanged(ctx);
  return channel;
}

/** Its key is free again; the conversations held over it stay. Throws NotFoundError. */
export async function deleteChannel(ctx: Context, by: ChannelReference): Promise<string> {
  requireOperatorWrite(ctx);
  const found = canName(by) ? await ctx.db.channel.findFirst({ where: named(ctx, by) }) : null;
  if (!found) throw missing();
  const { id } = found;
  const data = { deletedAt: new Date(), key: id, active: false };
  const { count } = await ctx.db.channel.updateMany({ where: named(ctx, { id }), data });
  if (count === 0) throw missing();
  routingChanged(ctx);
  return id;
}

function named({ workspaceId }: Context, by: ChannelReference): Prisma.ChannelWhereInput {
  return { ...by, workspaceId, deletedAt: null };
}

/** Tells every process that somebody else may answer now, or nobody. */
function routingChanged({ announcements, workspaceId }: Context): void {
  announcements.tell({ type: 'RoutingChanged', workspaceId });
}

function missing(): NotFoundError {
  return new NotFoundError('There is no channel with this id or key.');
}

async function requireWorker(ctx: Context, id: string | null | undefined): Promise<void> {
  if (id == null) return;
  const where = { id, workspaceId: ctx.workspaceId, deletedAt: null };
  const worker = canName({ id }) ? await ctx.db.worker.findFirst({ where, select: { id: true } }) : null;
  if (!worker) throw new NotFoundError('There is no worker with this id.');
}
