import type { ChannelReference } from '../channels/model.ts';
import type { Context } from '../context.ts';
import { ConflictError, NotFoundError } from '../errors.ts';
import type { IdentityReference } from '../identities/model.ts';
import { canName } from '../input.ts';
import { WHEN_BUSY, type WhenBusy } from './model.ts';

/** Who says something where: found in one query, because every message passes here. */
export interface Route {
  identityId: string;
  stageId: string | null;
  channelId: string;
  /** What the channel's settings say about messages that come while a turn runs. */
  whenBusy: WhenBusy;
}

interface RouteRow {
  identityId: string | null;
  stageId: string | null;
  channelId: string | null;
  channelActive: boolean;
  workerId: string | null;
  assistantId: string | null;
  whenBusy: string | null;
}

/** Throws NotFoundError for an unknown identity or channel, ConflictError for a channel on which nobody answers. */
export async function findRoute(ctx: Context, identity: IdentityReference, channel: ChannelReference): Promise<Route> {
  if (!canName(identity)) throw noIdentity();
  if (!canName(channel)) throw noChannel();
  const own = ctx.access.identityId;
  const [row] = await ctx.db.$queryRaw<RouteRow[]>`
    SELECT i.id AS "identityId", i.stage_id AS "stageId", c.id AS "channelId", coalesce(c.active, false) AS "channelActive",
      w.id AS "workerId", coalesce(s.assistant_id, w.default_assistant_id) AS "assistantId", c.settings ->> 'whenBusy' AS "whenBusy"
    FROM (SELECT) AS one
    LEFT JOIN identities i ON i.workspace_id = ${ctx.workspaceId}
      AND (i.id = ${'id' in identity ? identity.id : null} OR i.external_id = ${'externalId' in identity ? identity.externalId : null})
      AND (${own}::text IS NULL OR i.id = ${own})
    LEFT JOIN stages s ON s.id = i.stage_id
    LEFT JOIN channels c ON c.workspace_id = ${ctx.workspaceId} AND c.deleted_at IS NULL
      AND (c.id = ${'id' in channel ? channel.id : null} OR c.key = ${'key' in channel ? channel.key : null})
    LEFT JOIN workers w ON w.id = c.worker_id AND w.deleted_at IS NULL`;
  if (!row?.identityId) throw noIdentity();
  if (!row.channelId) throw noChannel();
  if (!row.channelActive) throw new ConflictError('The channel is not active. Activate it first.', 'CHANNEL_INACTIVE');
  if (!row.workerId) {
    throw new ConflictError(
      'No worker answers on this channel. Connect one: POST /channels/:channel_id/worker/:worker_id, or updateChannel.',
      'CHANNEL_WITHOUT_WORKER',
    );
  }
  if (!row.assistantId)
    throw new ConflictError("The channel's worker has no assistant. Create one for it.", 'WORKER_WITHOUT_ASSISTANT');
  const whenBusy = WHEN_BUSY.find((choice) => choice === row.whenBusy) ?? 'QUEUE';
  return { identityId: row.identityId, stageId: row.stageId, channelId: row.channelId, whenBusy };
}

function noIdentity(): NotFoundError {
  return new NotFoundError('There is no identity with this id or external id.');
}

function noChannel(): NotFoundError {
  return new NotFoundError('There is no channel with this id or key.');
}
