import type { Prisma, PrismaClient } from '../generated/prisma/client.ts';
import type { ClaimedTurn } from './storage.ts';

/** How far back the history is read at most; the token budget usually ends it earlier. */
export const MAX_HISTORY = 200;

const NEWEST_FIRST = [{ turnNumber: 'desc' }, { id: 'desc' }] satisfies Prisma.MessageOrderByWithRelationInput[];

/** What is known of the identity a prompt is made for. */
export const PROMPT_IDENTITY = {
  stage: { include: { assistant: true } },
  memory: { orderBy: { key: 'asc' } },
} satisfies Prisma.IdentityInclude;

/** Where it talks, and who answers there. */
export const PROMPT_CHANNEL = { worker: { include: { defaultAssistant: true } } } satisfies Prisma.ChannelInclude;

/** One thing that was said, as far as a prompt needs it. */
export interface SaidMessage {
  role: string;
  text: string;
  tokenCount: number;
}

/** The same with the turn it belongs to. */
export interface DatedMessage extends SaidMessage {
  turnNumber: number;
}

/** Everything a prompt is made of. */
export interface PromptParts {
  workspace: { id: string; name: string };
  identity: Prisma.IdentityGetPayload<{ include: typeof PROMPT_IDENTITY }>;
  channel: Prisma.ChannelGetPayload<{ include: typeof PROMPT_CHANNEL }>;
  /** What was said before the history, condensed; null while nothing is. */
  summary: string | null;
  /** What was said before and no summary tells of, newest first. */
  history: DatedMessage[];
  /** What is to be answered. */
  said: SaidMessage | null;
}

/** Everything the prompt of a turn is made of, in one query, and whether somebody wants it stopped; null: it has been deleted. */
export async function loadPromptParts(
  db: PrismaClient,
  { workspaceId, id, number }: ClaimedTurn,
): Promise<{ parts: PromptParts; cancelRequested: boolean } | null> {
  const turn = await db.turn.findUnique({
    where: { workspaceId_id: { workspaceId, id } },
    include: {
      messages: { where: { role: 'USER' } },
      conversation: {
        include: {
          workspace: true,
          identity: { include: PROMPT_IDENTITY },
          channel: { include: PROMPT_CHANNEL },
          messages: {
            where: { turnNumber: { lt: number } },
            orderBy: NEWEST_FIRST,
            take: MAX_HISTORY,
          },
        },
      },
    },
  });
  if (!turn) return null;
  const { workspace, identity, channel, summary } = turn.conversation;
  const history = untold(turn.conversation);
  const parts = { workspace, identity, channel, summary, history, said: turn.messages[0] ?? null };
  return { parts, cancelRequested: turn.cancelRequestedAt !== null };
}

/** What an identity and the assistants of a channel have said to each other. */
export async function loadHistory(
  db: PrismaClient,
  { workspaceId, identityId, channelId }: { workspaceId: string; identityId: string; channelId: string },
): Promise<Pick<PromptParts, 'summary' | 'history'>> {
  const conversation = await db.conversation.findUnique({
    where: { workspaceId_identityId_channelId: { workspaceId, identityId, channelId } },
    include: { messages: { orderBy: NEWEST_FIRST, take: MAX_HISTORY } },
  });
  return conversation
    ? { summary: conversation.summary, history: untold(conversation) }
    : { summary: null, history: [] };
}

/** The messages the summary does not tell of. */
function untold<Said extends { turnNumber: number }>(conversation: {
  summarizedThrough: number;
  messages: Said[];
}): Said[] {
  return conversation.messages.filter(({ turnNumber }) => turnNumber > conversation.summarizedThrough);
}

/** Who answers: the stage's assistant if it names one, else the default of the channel's worker; null when there is none. */
export function answeringAssistant({ identity, channel }: Pick<PromptParts, 'identity' | 'channel'>) {
  const candidates = [identity.stage?.assistant, channel.worker?.defaultAssistant];
  return candidates.find((assistant) => assistant && !assistant.deletedAt) ?? null;
}
