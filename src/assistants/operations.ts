import type { Context } from '../context.ts';
import { NotFoundError } from '../errors.ts';
import type { Assistant, Prisma, Worker } from '../generated/prisma/client.ts';
import { newId } from '../ids.ts';
import { canName, defined, parseInput } from '../input.ts';
import { requireOperatorRead, requireOperatorWrite } from '../workspaces/access.ts';
import { createAssistantInput, createWorkerInput, updateAssistantInput } from './model.ts';

type WorkerQuery = Pick<Prisma.WorkerFindManyArgs, 'include' | 'where' | 'take' | 'skip'>;
type AssistantQuery = Pick<Prisma.AssistantFindManyArgs, 'include' | 'where' | 'take' | 'skip'>;

const OLDEST_FIRST = [
  { createdAt: 'asc' },
  { id: 'asc' },
] as const satisfies Prisma.AssistantOrderByWithRelationInput[];
const NO_WORKER = 'There is no worker with this id.';
const NO_ASSISTANT = 'There is no assistant with this id.';

/** The workers of the workspace, oldest first. */
export async function listWorkers(ctx: Context, query: WorkerQuery = {}): Promise<Worker[]> {
  requireOperatorRead(ctx);
  return ctx.db.worker.findMany({
    ...query,
    where: { ...present(ctx), AND: query.where ?? {} },
    orderBy: [...OLDEST_FIRST],
  });
}

export async function findWorker(ctx: Context, id: string, query: WorkerQuery = {}): Promise<Worker | null> {
  requireOperatorRead(ctx);
  return canName({ id }) ? ctx.db.worker.findFirst({ ...query, where: { id, ...present(ctx) } }) : null;
}

/** Throws NotFoundError. */
export async function getWorker(ctx: Context, id: string): Promise<Worker> {
  const worker = await findWorker(ctx, id);
  if (!worker) throw new NotFoundError(NO_WORKER);
  return worker;
}

export async function createWorker(ctx: Context, input: unknown): Promise<Worker> {
  requireOperatorWrite(ctx);
  const worker = parseInput(createWorkerInput, input);
  return ctx.db.worker.create({ data: { ...defined(worker), id: newId('Worker'), workspaceId: ctx.workspaceId } });
}

/** Deletes its assistants too and leaves its channels without a worker; what was said stays. Throws NotFoundError. */
export async function deleteWorker(ctx: Context, id: string): Promise<void> {
  requireOperatorWrite(ctx);
  const { workspaceId } = ctx;
  await ctx.db.$transaction(async (tx) => {
    await lockWorker(tx, ctx, id);
    const deleted = { deletedAt: new Date() };
    await tx.stage.updateMany({ where: { workspaceId, assistant: { workerId: id } }, data: { assistantId: null } });
    await tx.channel.updateMany({ where: { workspaceId, workerId: id }, data: { workerId: null } });
    await tx.assistant.updateMany({ where: { workerId: id, ...present(ctx) }, data: deleted });
    await tx.worker.update({ where: { id, workspaceId }, data: { ...deleted, defaultAssistantId: null } });
  });
  routingChanged(ctx);
}

/** The assistants of all workers, oldest first. */
export async function listAssistants(ctx: Context, query: AssistantQuery = {}): Promise<Assistant[]> {
  requireOperatorRead(ctx);
  return ctx.db.assistant.findMany({
    ...query,
    where: { ...present(ctx), AND: query.where ?? {} },
    orderBy: [...OLDEST_FIRST],
  });
}

export async function findAssistant(ctx: Context, id: string, query: AssistantQuery = {}): Promise<Assistant | null> {
  requireOperatorRead(ctx);
  return canName({ id }) ? ctx.db.assistant.findFirst({ ...query, where: { id, ...present(ctx) } }) : null;
}

/** Throws NotFoundError. */
export async function getAssistant(ctx: Context, id: string): Promise<Assistant> {
  const assistant = await findAssistant(ctx, id);
  if (!assistant) throw new NotFoundError(NO_ASSISTANT);
  return assistant;
}

/** A worker's first assistant becomes its default, a later one when asked to. Throws NotFoundError for the worker. */
export async function createAssistant(ctx: Context, workerId: string, input: unknown): Promise<Assistant> {
  requireOperatorWrite(ctx);
  const { default: chosen, ...fields } = parseInput(createAssistantInput, input);
  const created = await ctx.db.$transaction(async (tx) => {
    const { defaultAssistantId } = await lockWorker(tx, ctx, workerId);
    const data = { ...defined(fields), id: newId('Assistant'), workspaceId: ctx.workspaceId, workerId };
    const assistant = await tx.assistant.create({ data });
    if (chosen || !defaultAssistantId) await makeDefault(tx, ctx, assistant);
    return assistant;
  });
  routingChanged(ctx);
  return created;
}

/** Omitted fields keep what they are, null clears. New instructions count the version up. Throws NotFoundError. */
export async function updateAssistant(ctx: Context, id: string, input: unknown): Promise<Assistant> {
  requireOperatorWrite(ctx);
  const { default: chosen, instructions, ...changes } = parseInput(updateAssistantInput, input);
  const workerId = await workerOf(ctx, id);
  const where = { id, ...present(ctx) };
  const updated = await ctx.db.$transaction(async (tx) => {
    await lockWorker(tx, ctx, workerId);
    if (instructions !== undefined) {
      const renewed = { instructions, instructionsVersion: { increment: 1 } };
      await tx.assistant.updateMany({ where: { ...where, instructions: { not: instructions } }, data: renewed });
    }
    const [assistant] = await tx.assistant.updateManyAndReturn({ where, data: defined(changes) });
    if (!assistant) throw new NotFoundError(NO_ASSISTANT);
    if (chosen) await makeDefault(tx, ctx, assistant);
    return assistant;
  });
  routingChanged(ctx);
  return updated;
}

/** In its place answers its worker's default; if it was that itself, the oldest that remains. Throws NotFoundError. */
export async function deleteAssistant(ctx: Context, id: string): Promise<void> {
  requireOperatorWrite(ctx);
  const { workspaceId } = ctx;
  const workerId = await workerOf(ctx, id);
  await ctx.db.$transaction(async (tx) => {
    const { defaultAssistantId } = await lockWorker(tx, ctx, workerId);
    const where = { id, ...present(ctx) };
    const { count } = await tx.assistant.updateMany({ where, data: { deletedAt: new Date() } });
    if (count === 0) throw new NotFoundError(NO_ASSISTANT);
    await tx.stage.updateMany({ where: { workspaceId, assistantId: id }, data: { assistantId: null } });
    if (defaultAssistantId !== id) return;
    const next = await tx.assistant.findFirst({ where: { workerId, ...present(ctx) }, orderBy: [...OLDEST_FIRST] });
    await tx.worker.update({ where: { id: workerId, workspaceId }, data: { defaultAssistantId: next?.id ?? null } });
  });
  routingChanged(ctx);
}

/** Tells every process that somebody else may answer now, or otherwise. */
function routingChanged({ announcements, workspaceId }: Context): void {
  announcements.tell({ type: 'RoutingChanged', workspaceId });
}

/** The part of a `where` that finds what is in the workspace and not deleted. */
function present({ workspaceId }: Context): { workspaceId: string; deletedAt: null } {
  return { workspaceId, deletedAt: null };
}

async function workerOf(ctx: Context, assistantId: string): Promise<string> {
  const where = { id: assistantId, ...present(ctx) };
  const assistant = canName({ assistantId }) ? await ctx.db.assistant.findFirst({ where }) : null;
  if (!assistant) throw new NotFoundError(NO_ASSISTANT);
  return assistant.workerId;
}

/** Every change of a worker's assistants locks the worker first, so that its default is never a deleted one. */
async function lockWorker(tx: Prisma.TransactionClient, ctx: Context, id: string): Promise<Worker> {
  const where = { id, ...present(ctx) };
  // An update that changes nothing takes the lock and reads the row in one statement.
  const [worker] = canName({ id }) ? await tx.worker.updateManyAndReturn({ where, data: { deletedAt: null } }) : [];
  if (!worker) throw new NotFoundError(NO_WORKER);
  return worker;
}

function makeDefault(tx: Prisma.TransactionClient, ctx: Context, { id, workerId }: Assistant): Promise<Worker> {
  return tx.worker.update({ where: { id: workerId, workspaceId: ctx.workspaceId }, data: { defaultAssistantId: id } });
}
