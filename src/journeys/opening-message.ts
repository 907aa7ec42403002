import { compileTemplate, TemplateError } from '../assistants/template.ts';
import type { Context } from '../context.ts';
import { isStillThere } from '../identities/operations.ts';
import { newId } from '../ids.ts';
import type { StageEffect } from '../stages/model.ts';
import { templateData } from '../turns/prompt.ts';
import { countTokens } from '../turns/tokens.ts';
import type { Cause } from './effects.ts';

type OpeningMessage = Extract<StageEffect, { type: 'openingMessage' }>;

/**
 * Lets the assistant speak first: renders the text and stores it in the conversation on the channel, which is begun when there is
 * none. Nothing is said to somebody who has moved on, over a channel that is closed, or when the text renders to nothing.
 */
export async function sendOpeningMessage(
  ctx: Context,
  cause: Cause,
  { channelId, text: source }: OpeningMessage,
): Promise<void> {
  const { workspaceId, identityId } = cause;
  const [workspace, identity, channel] = await Promise.all([
    ctx.db.workspace.findUniqueOrThrow({ where: { id: workspaceId } }),
    ctx.db.identity.findUnique({
      where: { workspaceId_id: { workspaceId, id: identityId } },
      include: { stage: true, memory: true },
    }),
    ctx.db.channel.findFirst({
      where: { id: channelId, workspaceId, deletedAt: null, active: true },
    }),
  ]);
  const skip = (reason: string) =>
    ctx.log.warn({ transitionId: cause.id, channelId, reason }, 'An opening message was not sent');
  if (!identity || !isStillThere(identity, cause)) return;
  if (!channel) return skip('the channel is deleted or not active');
  const text = render(source, templateData({ workspace, identity, channel }, new Date()));
  if (text instanceof TemplateError) return skip(`line ${text.line}, column ${text.column}: ${text.message}`);
  if (text.trim() === '') return;

  const stored = await store(ctx, cause, { channelId, text, tokenCount: await countTokens(text) });
  if (!stored) return;
  const { conversationId, messageId, turnNumber } = stored;
  ctx.eventLog.append(conversationId, { type: 'MessageReceived', messageId, turnId: null, turnNumber });
}

function render(
  source: string,
  data: Parameters<ReturnType<typeof compileTemplate>['render']>[0],
): string | TemplateError {
  try {
    return compileTemplate(source).render(data);
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
}

interface StoredMessage {
  conversationId: string;
  messageId: string;
  turnNumber: number;
}

/**
 * Stores the message behind everything of the newest turn, unless the identity has moved on or the message is there already; null
 * then. The lock on the conversation keeps a turn that is accepted at the same time from having read past it.
 */
async function store(
  { db }: Context,
  { id: transitionId, workspaceId, identityId, toStageId, createdAt }: Cause,
  { channelId, text, tokenCount }: { channelId: string; text: string; tokenCount: number },
): Promise<StoredMessage | null> {
  const [stored] = await db.$queryRaw<StoredMessage[]>`
    WITH addressee AS (
      SELECT id FROM identities
      WHERE workspace_id = ${workspaceId} AND id = ${identityId} AND stage_id = ${toStageId} AND stage_entered_at = ${createdAt}::timestamptz
        AND NOT EXISTS (
          SELECT FROM conversations c JOIN messages m ON m.workspace_id = c.workspace_id AND m.conversation_id = c.id
          WHERE c.workspace_id = ${workspaceId} AND c.identity_id = ${identityId} AND c.channel_id = ${channelId}
            AND m.transition_id = ${transitionId})
      FOR SHARE
    ), conversation AS (
      INSERT INTO conversations AS c (id, workspace_id, identity_id, channel_id, turn_count, revision, created_at, last_message_at)
      SELECT ${newId('Conversation')}, ${workspaceId}, id, ${channelId}, 0, 1, now(), now() FROM addressee
      ON CONFLICT (workspace_id, identity_id, channel_id)
      DO UPDATE SET last_message_at = now(), revision = c.revision + 1
      RETURNING id, turn_count
    )
    INSERT INTO messages (id, workspace_id, conversation_id, turn_number, transition_id, role, text, token_count, stage_id, created_at)
    SELECT ${newId('Message')}, ${workspaceId}, id, turn_count, ${transitionId}, 'ASSISTANT', ${text}, ${tokenCount}, ${toStageId}, now()
    FROM conversation
    RETURNING conversation_id AS "conversationId", id AS "messageId", turn_number AS "turnNumber"`;
  return stored ?? null;
}
