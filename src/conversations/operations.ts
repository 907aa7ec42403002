import type { ChannelReference } from '../channels/model.ts';
import type { Context } from '../context.ts';
import type { Conversation, Message, Prisma } from '../generated/prisma/client.ts';
import type { IdentityReference } from '../identities/model.ts';
import { canName } from '../input.ts';
import { ownedByIdentity, requireRead } from '../workspaces/access.ts';

type ConversationQuery = Pick<Prisma.ConversationFindManyArgs, 'include' | 'where' | 'take' | 'skip'>;
type MessageQuery = Pick<Prisma.MessageFindManyArgs, 'include' | 'where' | 'take' | 'skip'>;

/** The order in which messages are read: a reply stands behind its message, whenever it was finished. */
export const MESSAGE_ORDER = [{ turnNumber: 'asc' }, { id: 'asc' }] satisfies Prisma.MessageOrderByWithRelationInput[];

/** What the credentials show. */
function visible(ctx: Context) {
  return { workspaceId: ctx.workspaceId, ...ownedByIdentity(ctx) } satisfies Prisma.ConversationWhereInput;
}

export async function findConversation(
  ctx: Context,
  id: string,
  query: ConversationQuery = {},
): Promise<Conversation | null> {
  requireRead(ctx);
  return canName({ id }) ? ctx.db.conversation.findFirst({ ...query, where: { id, ...visible(ctx) } }) : null;
}

export interface ConversationFilter {
  identity?: IdentityReference | null;
  channel?: ChannelReference | null;
}

/** Conversations by their latest message, newest first. */
export async function listConversations(
  ctx: Context,
  query: ConversationQuery = {},
  { identity, channel }: ConversationFilter = {},
): Promise<Conversation[]> {
  requireRead(ctx);
  if (!canName({ ...identity }) || !canName({ ...channel })) return [];
  return ctx.db.conversation.findMany({
    ...query,
    where: {
      ...visible(ctx),
      AND: query.where ?? {},
      ...(identity ? { identity } : {}),
      ...(channel ? { channel } : {}),
    },
    orderBy: [{ lastMessageAt: 'desc' }, { id: 'desc' }],
  });
}

export async function findMessage(ctx: Context, id: string, query: MessageQuery = {}): Promise<Message | null> {
  requireRead(ctx);
  return ctx.db.message.findFirst({
    ...query,
    where: { id, workspaceId: ctx.workspaceId, conversation: visible(ctx) },
  });
}
