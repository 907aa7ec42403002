import { setTimeout as pause } from 'node:timers/promises';
import { TemplateError } from '../assistants/template.ts';
import type { Context } from '../context.ts';
import { type LanguageModel, ModelError, type ModelMessage, type ModelResult, type ModelTool, type ModelUsage } from '../language-model/port.ts';
import { announceTurn, type TurnLogEvent } from './event-log.ts';
import { type AnsweringAssistant, answeringAssistant, buildPrompt, type LoadedTurn, loadTurn, type Prompt } from './prompt.ts';
import { type ClaimedTurn, checkpointTurn, LEASE_MS, pinTurn, type TurnEnd, type TurnPin } from './storage.ts';
import { countTokens } from './tokens.ts';
import { callTool, listTools } from './tools.ts';

const CHECKPOINT_INTERVAL_MS = 1000;
/** Without new text there is only the lease to renew. */
const RENEWAL_INTERVAL_MS = LEASE_MS / 3;
const MAX_TOOL_ROUNDS = 8;
const MAX_ATTEMPTS = 3;
const FIRST_RETRY_DELAY_MS = 250;
const MAX_RETRY_DELAY_MS = 10_000;

/** Why a running turn is being stopped. */
export type StopReason = 'CANCELLED' | 'INTERRUPTED' | 'LOST';

export interface RunningTurnOptions {
  model: LanguageModel;
  contextTokens: number;
}

/** One turn while this process runs it. */
export class RunningTurn {
  readonly turn: ClaimedTurn;
  readonly #ctx: Context;
  readonly #options: RunningTurnOptions;
  readonly #stop = new AbortController();
  #text = '';
  /** Text that may not be shown yet: that it will be is stored first, so that a crash can tell. */
  #held: string[] | null = [];
  #checkpoint = { text: '', at: Date.now(), storing: false };
  #prompt: Prompt | null = null;
  #pin: TurnPin | null = null;
  #showing: Promise<void> | null = null;
  #stageId: string | null = null;

  constructor(ctx: Context, turn: ClaimedTurn, options: RunningTurnOptions) {
    this.#ctx = ctx;
    this.turn = turn;
    this.#options = options;
  }

  /** Asks the turn to end; the request to the model is aborted. */
  stop(reason: StopReason): void {
    this.#stop.abort(reason);
  }

  /** Runs the turn to its end and tells how it ended; null: another process has taken it over. Does not store the end. */
  async run(): Promise<TurnEnd | null> {
    announceTurn(this.#ctx.eventLog, this.turn.conversationId, this.turn);
    this.publish({ type: 'TurnStarted' });
    const checkpoints = setInterval(() => void this.#storeCheckpoint(), CHECKPOINT_INTERVAL_MS);
    try {
      return await this.#answer();
    } catch (error) {
      return await this.#endOf(error);
    } finally {
      clearInterval(checkpoints);
    }
  }

  /** Tells the readers. */
  publish(event: TurnLogEvent): void {
    const { conversationId, id, number } = this.turn;
    this.#ctx.eventLog.append(conversationId, { ...event, turnId: id, turnNumber: number });
  }

  async #answer(): Promise<TurnEnd> {
    const loaded = await loadTurn(this.#ctx.db, this.turn);
    this.#stageId = loaded.conversation.identity.stageId;
    const assistant = answeringAssistant(loaded);
    if (!assistant) throw new TurnFailure('NO_ASSISTANT', 'No assistant answers on this channel any more.');
    const prompt = buildPrompt(loaded, assistant, this.#options.contextTokens, new Date());
    this.#prompt = prompt;
    this.#pin = this.#pinOf(assistant, prompt);
    const tools = await listTools(this.#ctx, assistant);
    const { model, usage } = await this.#converse(loaded, [...prompt.messages], tools);
    await this.#showing;
    return this.#end('COMPLETED', { model, usage: usage && { ...usage, exact: true } });
  }

  #pinOf(assistant: AnsweringAssistant, prompt: Prompt): TurnPin {
    return {
      stageId: this.#stageId,
      assistantId: assistant.id,
      instructionsVersion: assistant.instructionsVersion,
      model: assistant.model ?? this.#options.model.defaultModel,
      instructions: prompt.instructions,
      instructionsHash: prompt.instructionsHash,
      promptHash: prompt.hash,
      historySize: prompt.historySize,
    };
  }

  /** Streams answers until the model calls no more tools. */
  async #converse(loaded: LoadedTurn, messages: ModelMessage[], tools: ModelTool[]): Promise<{ model: string; usage: ModelUsage | null }> {
    let usage: ModelUsage | null = { inputTokens: 0, outputTokens: 0 };
    const scope = { identityId: loaded.conversation.identityId, turnId: loaded.id, messageId: this.turn.messageId };
    for (let round = 1; ; round += 1) {
      const before = this.#text.length;
      const result = await this.#askModel(messages, round > MAX_TOOL_ROUNDS ? [] : tools);
      usage = add(usage, result.usage);
      if (result.toolCalls.length === 0 || round > MAX_TOOL_ROUNDS) return { model: result.model, usage };
      messages.push({ role: 'assistant', content: this.#text.slice(before), toolCalls: result.toolCalls });
      for (const call of result.toolCalls) {
        this.#stop.signal.throwIfAborted();
        const { answer, events } = await callTool(this.#ctx, tools, scope, call);
        for (const event of events) this.publish(event);
        messages.push({ role: 'tool', toolCallId: call.id, content: JSON.stringify(answer) });
      }
    }
  }

  /** One request to the model. It is repeated only while it has given no text: text that was shown is never taken back. */
  async #askModel(messages: ModelMessage[], tools: ModelTool[]): Promise<ModelResult> {
    const { model } = this.#options;
    const request = { model: this.#pin?.model, messages, tools, requestId: this.#ctx.requestId };
    const before = this.#text.length;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await model.stream(request, (text) => this.#say(text), this.#stop.signal);
      } catch (error) {
        const repeat = error instanceof ModelError && error.retryable && this.#text.length === before && attempt < MAX_ATTEMPTS;
        if (!repeat || (error.retryAfterMs ?? 0) > MAX_RETRY_DELAY_MS) throw error;
        await pause(error.retryAfterMs ?? FIRST_RETRY_DELAY_MS * 2 ** (attempt - 1), undefined, { signal: this.#stop.signal });
      }
    }
  }

  #say(text: string): void {
    if (text === '') return;
    this.#text += text;
    if (this.#held === null) {
      this.publish({ type: 'TurnTokens', text });
      return;
    }
    this.#held.push(text);
    this.#showing ??= this.#show();
  }

  /** Stores that text is about to be shown, then shows what has come meanwhile and lets the rest pass. */
  async #show(): Promise<void> {
    try {
      const ours = await pinTurn(this.#ctx.db, this.turn, this.#pin as TurnPin, new Date());
      if (!ours) return this.stop('LOST');
    } catch (error) {
      return this.#stop.abort(error);
    }
    const held = this.#held ?? [];
    this.#held = null;
    if (held.length > 0) this.publish({ type: 'TurnTokens', text: held.join('') });
  }

  /** At most once a second: renews the lease, stores the text so far, and hears whether somebody wants the turn stopped. */
  async #storeCheckpoint(): Promise<void> {
    const text = this.#held === null ? this.#text : '';
    const last = this.#checkpoint;
    if (last.storing || (text === last.text && Date.now() - last.at < RENEWAL_INTERVAL_MS)) return;
    last.storing = true;
    try {
      if (this.#pin && !this.#showing) await pinTurn(this.#ctx.db, this.turn, this.#pin, null);
      const { ours, cancelRequested } = await checkpointTurn(this.#ctx.db, this.turn, text);
      if (!ours) this.stop('LOST');
      else if (cancelRequested) this.stop('CANCELLED');
      this.#checkpoint = { text, at: Date.now(), storing: false };
    } catch (error) {
      this.#ctx.log.warn({ err: error, turnId: this.turn.id }, 'A checkpoint of a turn could not be stored; it will be tried again');
      last.storing = false;
    }
  }

  async #endOf(error: unknown): Promise<TurnEnd | null> {
    await this.#showing;
    const reason = this.#stop.signal.aborted ? this.#stop.signal.reason : error;
    if (reason === 'LOST') return null;
    if (reason === 'CANCELLED') return this.#end('CANCELLED', {});
    if (reason === 'INTERRUPTED') return this.#end('FAILED', { code: 'INTERRUPTED', message: 'The server stopped before the reply was finished.' });
    if (reason instanceof ModelError || reason instanceof TurnFailure) return this.#end('FAILED', reason);
    if (reason instanceof TemplateError) return this.#end('FAILED', { code: 'TEMPLATE_FAILED', message: `The instructions cannot be rendered: ${reason.message}` });
    this.#ctx.log.error({ err: reason, turnId: this.turn.id }, 'A turn failed for a reason of our own');
    return this.#end('FAILED', { code: 'INTERNAL', message: 'The server failed to answer.' });
  }

  async #end(status: TurnEnd['status'], { code = null, message = null, model = null, usage = null }: EndDetails): Promise<TurnEnd> {
    const tokenCount = await countTokens(this.#text);
    const estimated = async (prompt: Prompt) => ({
      inputTokens: await countTokens(prompt.messages.map(({ content }) => content).join('\n')),
      outputTokens: tokenCount,
      exact: false,
    });
    return {
      status,
      text: this.#text !== '' || status === 'COMPLETED' ? this.#text : null,
      tokenCount,
      stageId: this.#stageId,
      errorCode: code,
      errorMessage: message,
      usage: usage ?? (this.#prompt && (await estimated(this.#prompt))),
      model,
    };
  }
}

interface EndDetails {
  code?: string | null;
  message?: string | null;
  model?: string | null;
  usage?: TurnEnd['usage'];
}

/** A turn that cannot be answered, for a reason the caller can act on. */
class TurnFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

function add(one: ModelUsage | null, other: ModelUsage | null): ModelUsage | null {
  if (!one || !other) return null;
  return { inputTokens: one.inputTokens + other.inputTokens, outputTokens: one.outputTokens + other.outputTokens };
}
