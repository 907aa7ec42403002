import { z } from 'zod';
import { compileTemplate, TemplateError } from '../assistants/template.ts';
import type { ChannelReference } from '../channels/model.ts';
import type { Context } from '../context.ts';
import { ConflictError, InvalidInputError, NotFoundError } from '../errors.ts';
import type { IdentityReference } from '../identities/model.ts';
import { canName, nonBlankText, parseInput, text } from '../input.ts';
import type { StageReference } from '../stages/model.ts';
import { requireStage } from '../stages/operations.ts';
import { requireOperatorWrite } from '../workspaces/access.ts';
import { getWorkspace } from '../workspaces/operations.ts';
import { buildPrompt, compiledInstructions } from './prompt.ts';
import { answeringAssistant, loadHistory, PROMPT_CHANNEL, PROMPT_IDENTITY, type PromptParts } from './prompt-parts.ts';
import type { SentPrompt } from './replay.ts';
import { countTokens } from './tokens.ts';

export interface PreviewRequest {
  identity: IdentityReference;
  channel: ChannelReference;
  text: string;
  /** As if the identity were in this stage. */
  asIfStage?: StageReference | null | undefined;
  /** As if these were the instructions of the assistant that answers. */
  instructions?: string | null | undefined;
}

const PREVIEWED = z.object({ text: nonBlankText, instructions: text.nullish() });

/**
 * What the model would be sent if the identity said this now; nothing is stored, nobody is asked. Throws InvalidInputError
 * with line and column for instructions that cannot be compiled or rendered, ConflictError when nobody would answer.
 */
export async function previewPrompt(ctx: Context, request: PreviewRequest): Promise<SentPrompt> {
  requireOperatorWrite(ctx);
  const { text: said, instructions } = parseInput(PREVIEWED, request);
  const parts = await loadParts(ctx, request, said);
  const assistant = answeringAssistant(parts);
  if (!assistant && instructions == null)
    throw new ConflictError('No assistant answers on this channel.', 'NO_ASSISTANT');
  try {
    const template =
      assistant && instructions == null ? compiledInstructions(assistant) : compileTemplate(instructions ?? '');
    const prompt = buildPrompt(parts, template, assistant?.contextTokens ?? ctx.turns.contextTokens, new Date());
    return { instructions: prompt.instructions, messages: prompt.messages, hash: prompt.hash };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const message = `line ${error.line}, column ${error.column}: ${error.message}`;
    throw new InvalidInputError([{ path: 'instructions', message }]);
  }
}

async function loadParts(ctx: Context, request: PreviewRequest, said: string): Promise<PromptParts> {
  const { db, workspaceId } = ctx;
  const [workspace, identity, channel, stage, tokenCount] = await Promise.all([
    getWorkspace(ctx),
    canName(request.identity)
      ? db.identity.findFirst({ where: { ...request.identity, workspaceId }, include: PROMPT_IDENTITY })
      : null,
    canName(request.channel)
      ? db.channel.findFirst({ where: { ...request.channel, workspaceId, deletedAt: null }, include: PROMPT_CHANNEL })
      : null,
    request.asIfStage ? requireStage(ctx, request.asIfStage) : null,
    countTokens(said),
  ]);
  if (!identity) throw new NotFoundError('There is no identity with this id or external id.');
  if (!channel) throw new NotFoundError('There is no channel with this id or key.');
  const assistant = stage?.assistantId
    ? await db.assistant.findFirst({ where: { id: stage.assistantId, workspaceId } })
    : null;
  return {
    workspace,
    identity: stage ? { ...identity, stageId: stage.id, stage: { ...stage, assistant } } : identity,
    channel,
    ...(await loadHistory(db, { workspaceId, identityId: identity.id, channelId: channel.id })),
    said: { role: 'USER', text: said, tokenCount },
  };
}
