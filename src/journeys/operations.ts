import type { Context } from '../context.ts';
import { Prisma, type Stage } from '../generated/prisma/client.ts';
import type { StageReference } from '../stages/model.ts';
import { requireStage } from '../stages/operations.ts';
import { requireOperatorRead } from '../workspaces/access.ts';
import { type ConversionCounts, checkSpan, type JourneySpan } from './model.ts';

/** How long identities stayed in a stage before they left it, in seconds; null when nobody left. */
export interface TimeInStage {
  medianSeconds: number | null;
  p90Seconds: number | null;
}

/** One stage in a span of time. */
export interface JourneyStageCounts extends TimeInStage {
  stage: Stage;
  /** Identities in it now, whatever the span. */
  current: number;
  /** Moves into it. */
  entered: number;
  /** Moves out of it. */
  left: number;
}

/** The moves from one stage to another in a span of time. */
export interface JourneyFlowCounts extends TimeInStage {
  /** Null: from no stage. */
  fromStage: Stage | null;
  toStage: Stage;
  count: number;
}

export interface JourneyCounts {
  stages: JourneyStageCounts[];
  flows: JourneyFlowCounts[];
}

/** Rows of one pass over the log, grouped by pair and by the stage left. */
interface MoveRow {
  fromStageId: string | null;
  toStageId: string | null;
  /** 0: a pair; 1: all moves out of the first. */
  grouping: 0 | 1;
  count: number;
  percentiles: [number, number] | null;
}

/** What happened between the stages of the workspace: counts and times per stage and per pair of stages. */
export async function readJourney(ctx: Context, span: JourneySpan = {}, channelId?: string): Promise<JourneyCounts> {
  requireOperatorRead(ctx);
  checkSpan(span);
  const [stages, moves, present] = await Promise.all([
    ctx.db.stage.findMany({ where: { workspaceId: ctx.workspaceId }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] }),
    countMoves(ctx, span, channelId),
    countPresent(ctx, channelId),
  ]);
  const byId = new Map(stages.map((stage) => [stage.id, stage]));
  const counts = stages.map((stage) => stageCounts(stage, moves, present.get(stage.id) ?? 0));
  return {
    // An archived stage is told of as long as there is something to tell.
    stages: counts.filter(({ stage, current, entered, left }) => !stage.archivedAt || current + entered + left > 0),
    flows: moves.flatMap((row) => toFlow(row, byId)),
  };
}

/** Of those who entered one stage in the span, how many came to the other one afterwards. Throws NotFoundError for an unknown stage. */
export async function readConversion(
  ctx: Context,
  span: JourneySpan,
  { from, to }: { from: StageReference; to: StageReference },
  channelId?: string,
): Promise<ConversionCounts> {
  requireOperatorRead(ctx);
  checkSpan(span);
  const { workspaceId } = ctx;
  const [{ id: fromId }, { id: toId }] = await Promise.all([requireStage(ctx, from), requireStage(ctx, to)]);
  const [row] = await ctx.db.$queryRaw<[ConversionCounts]>`
    WITH entered AS (
      SELECT identity_id, min(created_at) AS at FROM stage_transitions
      WHERE workspace_id = ${workspaceId} AND to_stage_id = ${fromId} AND ${within(span)} ${overChannel(workspaceId, channelId, Prisma.sql`identity_id`)}
      GROUP BY identity_id
    ), converted AS (
      SELECT entered.identity_id, extract(epoch FROM min(later.created_at) - entered.at)::float8 AS seconds
      FROM entered JOIN stage_transitions later
        ON later.workspace_id = ${workspaceId} AND later.identity_id = entered.identity_id
        AND later.to_stage_id = ${toId} AND later.created_at > entered.at AND ${within(span.until ? { until: span.until } : {})}
      GROUP BY entered.identity_id, entered.at
    )
    SELECT (SELECT count(*)::int FROM entered) AS entered, count(*)::int AS converted,
      percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS "medianSeconds"
    FROM converted`;
  return row;
}

/** The channels of the workspace, deleted ones left out, for a journey of each. */
export function listJourneyChannels(ctx: Context) {
  requireOperatorRead(ctx);
  return ctx.db.channel.findMany({
    where: { workspaceId: ctx.workspaceId, deletedAt: null },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  });
}

function countMoves(
  { db, workspaceId }: Context,
  span: JourneySpan,
  channelId: string | undefined,
): Promise<MoveRow[]> {
  return db.$queryRaw<MoveRow[]>`
    SELECT from_stage_id AS "fromStageId", to_stage_id AS "toStageId", grouping(to_stage_id) AS grouping, count(*)::int AS count,
      percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY extract(epoch FROM created_at - from_entered_at)::float8) AS percentiles
    FROM stage_transitions
    WHERE workspace_id = ${workspaceId} AND ${within(span)} ${overChannel(workspaceId, channelId, Prisma.sql`identity_id`)}
    GROUP BY GROUPING SETS ((from_stage_id, to_stage_id), (from_stage_id))`;
}

async function countPresent({ db, workspaceId }: Context, channelId: string | undefined): Promise<Map<string, number>> {
  const rows = await db.$queryRaw<{ stageId: string; count: number }[]>`
    SELECT stage_id AS "stageId", count(*)::int AS count FROM identities
    WHERE workspace_id = ${workspaceId} AND stage_id IS NOT NULL ${overChannel(workspaceId, channelId, Prisma.sql`id`)}
    GROUP BY stage_id`;
  return new Map(rows.map(({ stageId, count }) => [stageId, count]));
}

/** From the beginning of the span up to, not including, its end. */
function within({ since, until }: JourneySpan): Prisma.Sql {
  const from = since ? Prisma.sql`created_at >= ${since}::timestamptz` : Prisma.sql`TRUE`;
  return until ? Prisma.sql`${from} AND created_at < ${until}::timestamptz` : from;
}

/** Only identities that talk over the channel. */
function overChannel(workspaceId: string, channelId: string | undefined, identityId: Prisma.Sql): Prisma.Sql {
  if (channelId === undefined) return Prisma.empty;
  return Prisma.sql`AND ${identityId} IN (
    SELECT c.identity_id FROM conversations c WHERE c.workspace_id = ${workspaceId} AND c.channel_id = ${channelId})`;
}

function stageCounts(stage: Stage, moves: readonly MoveRow[], current: number): JourneyStageCounts {
  const left = moves.find(({ grouping, fromStageId }) => grouping === 1 && fromStageId === stage.id);
  const into = moves.filter(({ grouping, toStageId }) => grouping === 0 && toStageId === stage.id);
  const entered = into.reduce((sum, { count }) => sum + count, 0);
  return { stage, current, entered, left: left?.count ?? 0, ...timeInStage(left) };
}

function toFlow(row: MoveRow, stages: ReadonlyMap<string, Stage>): JourneyFlowCounts[] {
  const toStage = stages.get(row.toStageId ?? '');
  if (row.grouping !== 0 || !toStage) return [];
  return [{ fromStage: stages.get(row.fromStageId ?? '') ?? null, toStage, count: row.count, ...timeInStage(row) }];
}

function timeInStage(row: Pick<MoveRow, 'percentiles'> | undefined) {
  return { medianSeconds: row?.percentiles?.[0] ?? null, p90Seconds: row?.percentiles?.[1] ?? null };
}
