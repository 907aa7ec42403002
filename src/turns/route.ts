import { type ChannelReference, WHEN_BUSY, type WhenBusy } from '../channels/model.ts';
import type { Context } from '../context.ts';
import type { Statement } from '../database/statements.ts';
import { ConflictError, NotFoundError } from '../errors.ts';
import type { IdentityReference } from '../identities/model.ts';
import { canName } from '../input.ts';
import type { AnsweredChannel } from './answering.ts';
import {
  answeringAssistant,
  type DatedMessage,
  historyOf,
  IDENTITY_COLUMNS,
  type PartsRow,
  type PromptParts,
  toPromptParts,
} from './prompt-parts.ts';

/** Who says something where, and all that an answer is made from: read in one query, because every message passes here. */
export interface Route {
  identityId: string;
  stageId: string | null;
  channelId: string;
  /** What the channel's settings say about messages that come while a turn runs. */
  whenBusy: WhenBusy;
  /** What a prompt is made of, without what is being said. */
  parts: PromptParts;
  /** The conversation's revision when it was read; null while a turn runs or waits in it. */
  idleAt: number | null;
  /** Under what the history is kept for the next message. */
  historyKey: string;
}

interface SpeakerRow extends PartsRow {
  revision: number;
  summarizedThrough: number | null;
  idle: boolean;
  /** Whether the history is known already; it is not read then. */
  known: boolean | null;
}

/**
 * `$1` is the workspace, `$2` what names the identity, `$3` the channel, `$4` the only identity that may be seen; `$5` and `$6` are the
 * conversation and the revision whose history is known.
 */
const speakerNamedBy = (column: 'id' | 'external_id'): Statement<SpeakerRow> => ({
  name: `turn_route_by_${column}`,
  text: `SELECT ${IDENTITY_COLUMNS}, c.summary, c.summarized_through AS "summarizedThrough", coalesce(c.revision, 0) AS revision,
    c.id = $5 AND c.revision = $6::int AS known,
    CASE WHEN c.id = $5 AND c.revision = $6::int THEN NULL ELSE ${historyOf('c.turn_count')} END AS history,
    c.active_turn_id IS NULL AND NOT EXISTS (
      SELECT FROM turns t WHERE t.workspace_id = c.workspace_id AND t.conversation_id = c.id AND t.finished_at IS NULL
    ) AS idle
  FROM identities i
  LEFT JOIN conversations c ON c.workspace_id = i.workspace_id AND c.identity_id = i.id AND c.channel_id = $3
  WHERE i.workspace_id = $1 AND i.${column} = $2 AND ($4::text IS NULL OR i.id = $4)`,
});
const BY_ID = speakerNamedBy('id');
const BY_EXTERNAL_ID = speakerNamedBy('external_id');

/** Throws NotFoundError for an unknown identity or channel, ConflictError for a channel on which nobody answers. */
export async function findRoute(ctx: Context, identity: IdentityReference, channel: ChannelReference): Promise<Route> {
  const { channel: found, parts, ...rest } = await findSpeaker(ctx, identity, channel);
  requireAnswer(found, parts);
  const { id: identityId, stageId } = parts.identity;
  return { identityId, stageId, channelId: found.id, whenBusy: whenBusyOf(found), parts, ...rest };
}

/** What a prompt would be made of if the identity said something on the channel now. Throws NotFoundError for either. */
export async function findPromptParts(
  ctx: Context,
  identity: IdentityReference,
  channel: ChannelReference,
): Promise<PromptParts> {
  return (await findSpeaker(ctx, identity, channel)).parts;
}

async function findSpeaker(ctx: Context, identity: IdentityReference, by: ChannelReference) {
  const { workspaceId, answering, statements } = ctx;
  // An unknown identity is told of first, so that its channel is looked for only to find it.
  const channel = canName(by) ? await answering.channel(workspaceId, by) : null;
  const [statement, name] = 'id' in identity ? [BY_ID, identity.id] : [BY_EXTERNAL_ID, identity.externalId];
  const historyKey = `${workspaceId} ${channel?.id} ${statement.name} ${name}`;
  const known = ctx.histories.find(historyKey);
  const values = [
    ...[workspaceId, name, channel?.id ?? null, ctx.access.identityId],
    ...[known?.conversationId ?? null, known?.revision ?? null],
  ];
  const [row] = canName(identity) ? await statements.run(statement, values) : [];
  if (!row) throw new NotFoundError('There is no identity with this id or external id.');
  if (!channel) throw new NotFoundError('There is no channel with this id or key.');
  const { revision, summarizedThrough, idle, known: unread, ...read } = row;
  if (unread && known) read.history = untold(known.messages, summarizedThrough ?? -1);
  const stage = read.stageId === null ? null : await answering.stage(workspaceId, read.stageId);
  return { channel, parts: toPromptParts(read, channel, stage, null), idleAt: idle ? revision : null, historyKey };
}

/** What no summary tells of. */
function untold(messages: DatedMessage[], summarizedThrough: number): DatedMessage[] {
  return messages.filter(({ turnNumber }) => turnNumber > summarizedThrough);
}

function requireAnswer({ active, worker }: AnsweredChannel, parts: PromptParts): void {
  if (!active) throw new ConflictError('The channel is not active. Activate it first.', 'CHANNEL_INACTIVE');
  if (!worker || worker.deletedAt) {
    throw new ConflictError(
      'No worker answers on this channel. Connect one: POST /channels/:channel_id/worker/:worker_id, or updateChannel.',
      'CHANNEL_WITHOUT_WORKER',
    );
  }
  if (!answeringAssistant(parts))
    throw new ConflictError("The channel's worker has no assistant. Create one for it.", 'WORKER_WITHOUT_ASSISTANT');
}

function whenBusyOf({ settings }: AnsweredChannel): WhenBusy {
  const chosen = settings && typeof settings === 'object' && 'whenBusy' in settings ? settings.whenBusy : undefined;
  return WHEN_BUSY.find((choice) => choice === chosen) ?? 'QUEUE';
}
