import { z } from 'zod';
import { compileTemplate, TemplateError } from '../assistants/template.ts';
import type { ChannelReference } from '../channels/model.ts';
import type { Context } from '../context.ts';
import { ConflictError, InvalidInputError } from '../errors.ts';
import type { IdentityReference } from '../identities/model.ts';
import { nonBlankText, parseInput, text } from '../input.ts';
import type { StageReference } from '../stages/model.ts';
import { requireStage } from '../stages/operations.ts';
import { requireAuthor } from '../workspaces/access.ts';
import { buildPrompt, compiledInstructions } from './prompt.ts';
import { answeringAssistant, type PromptParts } from './prompt-parts.ts';
import { findPromptParts } from './route.ts';
import type { SentPrompt } from './sent-prompt.ts';
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
  requireAuthor(ctx);
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

async function loadParts(
  ctx: Context,
  { identity, channel, asIfStage }: PreviewRequest,
  text: string,
): Promise<PromptParts> {
  const [parts, stage, tokenCount] = await Promise.all([
    findPromptParts(ctx, identity, channel),
    asIfStage ? requireStage(ctx, asIfStage) : null,
    countTokens(text),
  ]);
  const said = { role: 'USER', text, tokenCount };
  if (!stage) return { ...parts, said };
  const answered = await ctx.answering.stage(ctx.workspaceId, stage.id);
  return { ...parts, said, identity: { ...parts.identity, stageId: stage.id, stage: answered } };
}
