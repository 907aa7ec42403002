import type { Assistant } from '../generated/prisma/client.ts';
import { buildPrompt, compiledInstructions, type Prompt } from './prompt.ts';
import { answeringAssistant, type DatedMessage, type PromptParts } from './prompt-parts.ts';
import { needsSummary } from './summary.ts';

/** What a turn is pinned to. */
export interface TurnPin {
  stageId: string | null;
  assistantId: string;
  instructionsVersion: number;
  model: string;
  instructions: string;
  instructionsHash: string;
  promptHash: string;
  historySize: number;
}

/** A turn whose question can be put to the model. */
export interface PreparedTurn {
  identityId: string;
  assistant: Assistant;
  prompt: Prompt;
  pin: TurnPin;
  /** Set when so much has been said that the oldest part should be condensed, with the budget it has to fit. */
  summaryDue: { contextTokens: number } | null;
  /** What is known of the conversation once its message is stored; null: not enough to keep it for the next one. */
  history: { key: string; revision: number; messages: DatedMessage[] } | null;
}

/** What holds where an assistant says nothing else. */
export interface PreparationDefaults {
  model: string;
  /** How much of the history is sent to the model, in tokens. */
  contextTokens: number;
}

/** A turn that cannot be answered, for a reason the caller can act on. */
export class TurnFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Decides who answers and renders what the model is sent. Throws TurnFailure when nobody answers, TemplateError for the instructions. */
export function prepareTurn(parts: PromptParts, defaults: PreparationDefaults): PreparedTurn {
  const assistant = answeringAssistant(parts);
  if (!assistant) throw new TurnFailure('NO_ASSISTANT', 'No assistant answers on this channel any more.');
  const contextTokens = assistant.contextTokens ?? defaults.contextTokens;
  const prompt = buildPrompt(parts, compiledInstructions(assistant), contextTokens, new Date());
  return {
    identityId: parts.identity.id,
    assistant,
    prompt,
    pin: {
      stageId: parts.identity.stageId,
      assistantId: assistant.id,
      instructionsVersion: assistant.instructionsVersion,
      model: assistant.model ?? defaults.model,
      instructions: prompt.instructions,
      instructionsHash: prompt.instructionsHash,
      promptHash: prompt.hash,
      historySize: prompt.historySize,
    },
    summaryDue: needsSummary(parts.history, contextTokens) ? { contextTokens } : null,
    history: null,
  };
}
