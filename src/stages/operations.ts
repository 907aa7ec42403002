import type { Context } from '../context.ts';
import { uniquely } from '../database/violations.ts';
import { ConflictError, InvalidInputError, NotFoundError } from '../errors.ts';
import type { Prisma, Stage } from '../generated/prisma/client.ts';
import { newId } from '../ids.ts';
import { canName, defined, parseInput } from '../input.ts';
import { requireOperatorRead, requireOperatorWrite } from '../workspaces/access.ts';
import { resolveEffects } from './effects.ts';
import { createStageInput, type StageEffectInput, type StageReference, updateStageInput } from './model.ts';

type StageQuery = Pick<Prisma.StageFindManyArgs, 'include' | 'where' | 'take' | 'skip'>;

/** The stages of the workspace, oldest first; archived ones only when asked for. */
export function listStages(ctx: Context, query: StageQuery = {}, { includeArchived = false } = {}): Promise<Stage[]> {
  requireOperatorRead(ctx);
  return ctx.db.stage.findMany({
    ...query,
    where: { workspaceId: ctx.workspaceId, ...(includeArchived ? {} : { archivedAt: null }), AND: query.where ?? {} },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  });
}

/** Archived stages are found too. */
export async function findStage(ctx: Context, by: StageReference, query: StageQuery = {}): Promise<Stage | null> {
  requireOperatorRead(ctx);
  return lookUp(ctx, by, query);
}

/** Throws NotFoundError. */
export async function getStage(ctx: Context, by: StageReference): Promise<Stage> {
  requireOperatorRead(ctx);
  return requireStage(ctx, by);
}

/** The stage another operation was told to use, whatever its caller may read; throws NotFoundError. */
export async function requireStage(ctx: Context, by: StageReference): Promise<Stage> {
  const stage = await lookUp(ctx, by);
  if (!stage) throw new NotFoundError('There is no stage with this id or key.');
  return stage;
}

async function lookUp(ctx: Context, by: StageReference, query: StageQuery = {}): Promise<Stage | null> {
  return canName(by) ? ctx.db.stage.findFirst({ ...query, where: { ...by, workspaceId: ctx.workspaceId } }) : null;
}

/** Throws ConflictError when the key is taken, also by an archived stage. */
export async function createStage(ctx: Context, input: unknown): Promise<Stage> {
  requireOperatorWrite(ctx);
  const { allowedNext, effects, ...stage } = parseInput(createStageInput, input);
  await requireAssistant(ctx, stage.assistantId);
  const rules = { ...(await limitsOf(ctx, allowedNext)), ...(await stored(ctx, effects, null)) };
  return uniquely(
    ctx.db.stage.create({ data: { ...defined(stage), ...rules, id: newId('Stage'), workspaceId: ctx.workspaceId } }),
    () => new ConflictError(`There is already a stage with the key "${stage.key}".`),
  );
}

/** Omitted fields keep what they are, null clears. The key never changes. */
export async function updateStage(ctx: Context, by: StageReference, input: unknown): Promise<Stage> {
  requireOperatorWrite(ctx);
  const { allowedNext, effects, ...changes } = parseInput(updateStageInput, input);
  await requireAssistant(ctx, changes.assistantId);
  const stage = await requireStage(ctx, by);
  const rules = { ...(await limitsOf(ctx, allowedNext)), ...(await stored(ctx, effects, stage)) };
  const updated = await ctx.db.stage.update({
    where: { id: stage.id, workspaceId: ctx.workspaceId },
    data: { ...defined(changes), ...rules },
  });
  // Templates see the stage, and it may name who answers.
  ctx.announcements.tell({ type: 'RoutingChanged', workspaceId: ctx.workspaceId });
  return updated;
}

/** Takes a stage out of use: nobody can be moved into it, those who are in it stay. Archiving again changes nothing. */
export async function archiveStage(ctx: Context, by: StageReference): Promise<Stage> {
  requireOperatorWrite(ctx);
  const { id, archivedAt } = await requireStage(ctx, by);
  return ctx.db.stage.update({
    where: { id, workspaceId: ctx.workspaceId },
    data: { archivedAt: archivedAt ?? new Date() },
  });
}

/** The stages that may follow one, oldest first; null when any may. */
export async function listAllowedNext(ctx: Context, stage: Stage): Promise<Stage[] | null> {
  requireOperatorRead(ctx);
  if (!stage.limitsNext) return null;
  const where = { workspaceId: ctx.workspaceId, id: { in: stage.allowedNextIds } };
  return ctx.db.stage.findMany({ where, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] });
}

/** What is stored of the stages that may follow: omitted keeps, null lifts the limit, an empty list makes the stage an end. */
async function limitsOf(ctx: Context, allowedNext: StageReference[] | null | undefined) {
  if (allowedNext === undefined) return {};
  if (allowedNext === null) return { limitsNext: false, allowedNextIds: [] };
  const next = await Promise.all(allowedNext.map((by) => lookUp(ctx, by)));
  const missing = next.flatMap((stage, index) =>
    stage ? [] : [{ path: `allowedNext.${index}`, message: 'names no stage of this workspace' }],
  );
  if (missing.length > 0) throw new InvalidInputError(missing);
  return { limitsNext: true, allowedNextIds: next.map((stage) => (stage as Stage).id) };
}

/** What is stored of the effects: omitted keeps, null and an empty list clear. */
async function stored(ctx: Context, effects: StageEffectInput[] | null | undefined, before: Stage | null) {
  return effects === undefined ? {} : { effects: await resolveEffects(ctx, effects ?? [], before) };
}

async function requireAssistant(ctx: Context, id: string | null | undefined): Promise<void> {
  if (id == null) return;
  const where = { id, workspaceId: ctx.workspaceId, deletedAt: null };
  const assistant = canName({ id }) && (await ctx.db.assistant.findFirst({ where }));
  if (!assistant)
    throw new InvalidInputError([{ path: 'assistantId', message: 'names no assistant of this workspace' }]);
}
