import { setTimeout as pause } from 'node:timers/promises';
import type { JsonValue } from '../input.ts';
import {
  type LanguageModel,
  ModelError,
  type ModelMessage,
  type ModelResult,
  type ModelTool,
  type ModelToolCall,
  type ModelUsage,
} from '../language-model/port.ts';
import type { Reply } from './reply.ts';

const MAX_TOOL_ROUNDS = 8;
const MAX_ATTEMPTS = 3;
const FIRST_RETRY_DELAY_MS = 250;
const MAX_RETRY_DELAY_MS = 10_000;

export interface DialogueOptions {
  languageModel: LanguageModel;
  /** Which model is asked. */
  model: string;
  messages: readonly ModelMessage[];
  tools: ModelTool[];
  requestId: string;
  /** Takes the text as it comes. */
  reply: Reply;
  /** Runs a tool and returns its answer for the model. */
  callTool(call: ModelToolCall): Promise<JsonValue>;
  signal: AbortSignal;
}

/** Who answered, and what all requests together cost; null when the endpoint did not count. */
export interface DialogueResult {
  model: string;
  usage: ModelUsage | null;
}

/** Streams answers of the model until it calls no more tools. Throws ModelError, or the signal's reason. */
export async function converse(options: DialogueOptions): Promise<DialogueResult> {
  const { reply, tools, callTool, signal } = options;
  const messages = [...options.messages];
  let usage: ModelUsage | null = { inputTokens: 0, outputTokens: 0 };
  for (let round = 1; ; round += 1) {
    const before = reply.text.length;
    const last = round > MAX_TOOL_ROUNDS;
    const result = await ask(options, messages, last ? [] : tools);
    usage = add(usage, result.usage);
    if (result.toolCalls.length === 0 || last) return { model: result.model, usage };
    messages.push({ role: 'assistant', content: reply.text.slice(before), toolCalls: result.toolCalls });
    for (const call of result.toolCalls) {
      signal.throwIfAborted();
      messages.push({ role: 'tool', toolCallId: call.id, content: JSON.stringify(await callTool(call)) });
    }
  }
}

/** One request. It is repeated only while it has given no text: text that was shown is never taken back. */
async function ask(options: DialogueOptions, messages: ModelMessage[], tools: ModelTool[]): Promise<ModelResult> {
  const { languageModel, model, requestId, reply, signal } = options;
  const before = reply.text.length;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await languageModel.stream({ model, messages, tools, requestId }, (text) => reply.say(text), signal);
    } catch (error) {
      const repeat =
        error instanceof ModelError && error.retryable && reply.text.length === before && attempt < MAX_ATTEMPTS;
      if (!repeat || (error.retryAfterMs ?? 0) > MAX_RETRY_DELAY_MS) throw error;
      await pause(error.retryAfterMs ?? FIRST_RETRY_DELAY_MS * 2 ** (attempt - 1), undefined, { signal });
    }
  }
}

function add(one: ModelUsage | null, other: ModelUsage | null): ModelUsage | null {
  if (!one || !other) return null;
  return { inputTokens: one.inputTokens + other.inputTokens, outputTokens: one.outputTokens + other.outputTokens };
}
