import type { Context } from '../context.ts';
import type { Statement } from '../database/statements.ts';
import type { Assistant, Channel, Identity, Stage } from '../generated/prisma/client.ts';
import type { AnsweredChannel, AnsweredStage } from './answering.ts';
import type { ClaimedTurn } from './storage.ts';

/** How far back the history is read at most; the token budget usually ends it earlier. */
export const MAX_HISTORY = 200;

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

/** The identity a prompt is made for, with what is known of it. */
export interface PromptIdentity
  extends Pick<Identity, 'id' | 'externalId' | 'name' | 'phone' | 'email' | 'metadata' | 'stageId'> {
  stage: (Pick<Stage, 'key' | 'name' | 'metadata'> & { assistant: Assistant | null }) | null;
  /** By key. */
  memory: { key: string; value: unknown }[];
}

/** Everything a prompt is made of. */
export interface PromptParts {
  workspace: { id: string; name: string };
  identity: PromptIdentity;
  channel: Pick<Channel, 'key' | 'name' | 'type'> & { worker: { defaultAssistant: Assistant | null } | null };
  /** What was said before the history, condensed; null while nothing is. */
  summary: string | null;
  /** What was said before and no summary tells of, newest first. */
  history: DatedMessage[];
  /** What is to be answered. */
  said: SaidMessage | null;
}

/** What the database tells of who speaks, in columns of `i`, an identity. */
export const IDENTITY_COLUMNS = `i.id, i.external_id AS "externalId", i.name, i.phone, i.email, i.metadata, i.stage_id AS "stageId", (
    SELECT json_agg(json_build_object('key', m.key, 'value', m.value) ORDER BY m.key)
    FROM memory_entries m WHERE m.workspace_id = i.workspace_id AND m.identity_id = i.id
  ) AS memory`;

/** What was said in `c`, a conversation, in turns up to `lastTurn` and is in no summary, newest first. */
export const historyOf = (lastTurn: string) => `(
    SELECT json_agg(json_build_object('role', h.role, 'text', h.text, 'tokenCount', h.token_count, 'turnNumber', h.turn_number))
    FROM (
      SELECT role, text, token_count, turn_number FROM messages m
      WHERE m.workspace_id = c.workspace_id AND m.conversation_id = c.id AND m.turn_number > c.summarized_through AND m.turn_number <= ${lastTurn}
      ORDER BY turn_number DESC, id DESC LIMIT ${MAX_HISTORY}
    ) h
  )`;

/** A row of these columns. */
export interface PartsRow extends Omit<PromptIdentity, 'stage' | 'memory'> {
  memory: PromptIdentity['memory'] | null;
  summary: string | null;
  history: DatedMessage[] | null;
}

/** Puts together what was read of the identity and what is known of its channel and stage. */
export function toPromptParts(
  { memory, summary, history, ...identity }: PartsRow,
  channel: AnsweredChannel,
  stage: AnsweredStage | null,
  said: SaidMessage | null,
): PromptParts {
  return {
    workspace: channel.workspace,
    identity: { ...identity, stage, memory: memory ?? [] },
    channel,
    summary,
    history: history ?? [],
    said,
  };
}

interface TurnPartsRow extends PartsRow {
  channelId: string;
  said: string | null;
  saidTokens: number | null;
  cancelRequested: boolean;
}

const LOAD_TURN: Statement<TurnPartsRow> = {
  name: 'turn_load',
  text: `SELECT ${IDENTITY_COLUMNS}, c.channel_id AS "channelId", c.summary, ${historyOf('t.number - 1')} AS history,
    said.text AS said, said.token_count AS "saidTokens", t.cancel_requested_at IS NOT NULL AS "cancelRequested"
  FROM turns t
  JOIN conversations c ON c.workspace_id = t.workspace_id AND c.id = t.conversation_id
  JOIN identities i ON i.workspace_id = t.workspace_id AND i.id = c.identity_id
  LEFT JOIN messages said ON said.workspace_id = t.workspace_id AND said.turn_id = t.id AND said.role = 'USER'
  WHERE t.workspace_id = $1 AND t.id = $2`,
};

/** Everything the prompt of a turn is made of, and whether somebody wants it stopped; null: it has been deleted. */
export async function loadPromptParts(
  { statements, answering }: Pick<Context, 'statements' | 'answering'>,
  { workspaceId, id }: ClaimedTurn,
): Promise<{ parts: PromptParts; cancelRequested: boolean } | null> {
  const [row] = await statements.run(LOAD_TURN, [workspaceId, id]);
  if (!row) return null;
  const { channelId, said: text, saidTokens, cancelRequested, ...read } = row;
  const [channel, stage] = await Promise.all([
    answering.channelOf(workspaceId, channelId),
    read.stageId === null ? null : answering.stage(workspaceId, read.stageId),
  ]);
  // The whole workspace has been deleted meanwhile.
  if (!channel) return null;
  const said = text === null ? null : { role: 'USER', text, tokenCount: saidTokens ?? 0 };
  return { parts: toPromptParts(read, channel, stage, said), cancelRequested };
}

/** Who answers: the stage's assistant if it names one, else the default of the channel's worker; null when there is none. */
export function answeringAssistant({ identity, channel }: Pick<PromptParts, 'identity' | 'channel'>): Assistant | null {
  const candidates = [identity.stage?.assistant, channel.worker?.defaultAssistant];
  return candidates.find((assistant) => assistant && !assistant.deletedAt) ?? null;
}
