import { TemplateError } from '../assistants/template.ts';
import type { Context } from '../context.ts';
import type { Assistant } from '../generated/prisma/client.ts';
import type { JsonValue } from '../input.ts';
import { type LanguageModel, ModelError, type ModelToolCall } from '../language-model/port.ts';
import { Checkpoints } from './checkpoints.ts';
import type { TurnLogEvent } from './event-log.ts';
import { converse } from './model-dialogue.ts';
import { patienceFor, whileDatabaseIsAway } from './patience.ts';
import { buildPrompt, compiledInstructions, type Prompt } from './prompt.ts';
import { answeringAssistant, loadPromptParts, type PromptParts } from './prompt-parts.ts';
import { Reply } from './reply.ts';
import { type ClaimedTurn, checkpointTurn, LEASE_MS, pinTurn, type TurnEnd, type TurnPin } from './storage.ts';
import { needsSummary } from './summary.ts';
import { countTokens } from './tokens.ts';
import { callTool, listTools } from './tools.ts';

/** Under a second: with the time it takes to store it, a crash costs no more than the last second of text. */
const CHECKPOINT_INTERVAL_MS = 750;
/** Without new text there is only the lease to renew. */
const RENEWAL_INTERVAL_MS = LEASE_MS / 3;
/** How long a turn waits for a database that is away, in milliseconds. */
const DATABASE_PATIENCE_MS = 60_000;

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
  readonly #reply: Reply;
  #prompt: Prompt | null = null;
  #pin: TurnPin | null = null;
  #asked = false;
  #summaryDue: { contextTokens: number } | null = null;
  #stageId: string | null = null;

  constructor(ctx: Context, turn: ClaimedTurn, options: RunningTurnOptions) {
    this.#ctx = ctx;
    this.turn = turn;
    this.#options = options;
    this.#reply = new Reply({
      commit: () => this.#patiently(() => pinTurn(ctx.db, turn, this.#pin as TurnPin, new Date())),
      show: (text) => this.publish({ type: 'TurnTokens', text }),
      fail: (reason) => this.#stop.abort(reason),
    });
  }

  /** Set when so much has been said that the oldest part should be condensed, with the budget it has to fit. */
  get summaryDue(): { contextTokens: number } | null {
    return this.#summaryDue;
  }

  /** Asks the turn to end; the request to the model is aborted. */
  stop(reason: StopReason): void {
    this.#stop.abort(reason);
  }

  /** Runs the turn to its end and tells how it ended; null: it is no longer ours. Does not store the end. */
  async run(): Promise<TurnEnd | null> {
    this.#ctx.eventLog.announce(this.turn.conversationId, this.turn);
    this.publish({ type: 'TurnStarted' });
    const checkpoints = this.#beginCheckpoints();
    try {
      return await this.#answer();
    } catch (error) {
      return await this.#endOf(error);
    } finally {
      checkpoints.stop();
    }
  }

  /** Tells the readers. */
  publish(event: TurnLogEvent): void {
    const { conversationId, id, number } = this.turn;
    this.#ctx.eventLog.append(conversationId, { ...event, turnId: id, turnNumber: number });
  }

  async #answer(): Promise<TurnEnd> {
    const { signal } = this.#stop;
    const parts = await this.#load();
    this.#stageId = parts.identity.stageId;
    const assistant = answeringAssistant(parts);
    if (!assistant) throw new TurnFailure('NO_ASSISTANT', 'No assistant answers on this channel any more.');
    const contextTokens = assistant.contextTokens ?? this.#options.contextTokens;
    if (needsSummary(parts.history, contextTokens)) this.#summaryDue = { contextTokens };
    const prompt = buildPrompt(parts, compiledInstructions(assistant), contextTokens, new Date());
    this.#prompt = prompt;
    this.#pin = this.#pinOf(assistant, prompt);
    const { model } = this.#pin;
    const tools = await this.#patiently(() => listTools(this.#ctx, assistant));
    const scope = { identityId: parts.identity.id, turnId: this.turn.id, messageId: this.turn.messageId };
    const call = async (wanted: ModelToolCall): Promise<JsonValue> => {
      const { answer, events } = await this.#patiently(() => callTool(this.#ctx, tools, scope, wanted));
      for (const event of events) this.publish(event);
      return answer;
    };
    signal.throwIfAborted();
    this.#asked = true;
    const { messages } = prompt;
    const result = await converse({
      ...{ languageModel: this.#options.model, model, messages, tools, requestId: this.#ctx.requestId },
      ...{ reply: this.#reply, callTool: call, signal },
    });
    await this.#reply.shown();
    // What could not be shown is no reply, and who was told that the turn is being stopped is not told that it was completed.
    signal.throwIfAborted();
    return this.#end('COMPLETED', { model: result.model, usage: result.usage && { ...result.usage, exact: true } });
  }

  async #load(): Promise<PromptParts> {
    const loaded = await this.#patiently(() => loadPromptParts(this.#ctx.db, this.turn));
    if (!loaded) this.stop('LOST');
    else if (loaded.cancelRequested) this.stop('CANCELLED');
    this.#stop.signal.throwIfAborted();
    return (loaded as NonNullable<typeof loaded>).parts;
  }

  #pinOf(assistant: Assistant, prompt: Prompt): TurnPin {
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

  #beginCheckpoints(): Checkpoints {
    const { db, log } = this.#ctx;
    return new Checkpoints({
      intervalMs: CHECKPOINT_INTERVAL_MS,
      renewalMs: RENEWAL_INTERVAL_MS,
      text: () => this.#reply.shownText,
      store: async (text) => {
        await this.#storePin();
        return checkpointTurn(db, this.turn, text);
      },
      told: ({ ours, cancelRequested }) => {
        if (!ours) this.stop('LOST');
        else if (cancelRequested) this.stop('CANCELLED');
      },
      failed: (error) =>
        log.warn(
          { err: error, turnId: this.turn.id },
          'A checkpoint of a turn could not be stored; it will be tried again',
        ),
    });
  }

  /** What the turn runs with, unless the first text has stored it. */
  async #storePin(): Promise<void> {
    if (this.#pin && !this.#reply.begun) await pinTurn(this.#ctx.db, this.turn, this.#pin, null);
  }

  async #endOf(error: unknown): Promise<TurnEnd | null> {
    await this.#reply.shown();
    const reason = this.#stop.signal.aborted ? this.#stop.signal.reason : error;
    if (reason === 'LOST') return null;
    if (reason === 'CANCELLED') return this.#end('CANCELLED', {});
    if (reason === 'INTERRUPTED')
      return this.#end('FAILED', { code: 'INTERRUPTED', message: 'The server stopped before the reply was finished.' });
    if (reason instanceof ModelError || reason instanceof TurnFailure) return this.#end('FAILED', reason);
    if (reason instanceof TemplateError)
      return this.#end('FAILED', { code: 'TEMPLATE_FAILED', message: explain(reason) });
    this.#ctx.log.error({ err: reason, turnId: this.turn.id }, 'A turn failed for a reason of our own');
    return this.#end('FAILED', { code: 'INTERNAL', message: 'The server failed to answer.' });
  }

  async #end(
    status: TurnEnd['status'],
    { code = null, message = null, model = null, usage = null }: EndDetails,
  ): Promise<TurnEnd> {
    await this.#storePin().catch((error) =>
      this.#ctx.log.warn({ err: error, turnId: this.turn.id }, 'What a turn ran with could not be stored'),
    );
    const { text } = this.#reply;
    const tokenCount = await countTokens(text);
    return {
      status,
      text: text !== '' || status === 'COMPLETED' ? text : null,
      tokenCount,
      stageId: this.#stageId,
      errorCode: code,
      errorMessage: message,
      usage: usage ?? (await this.#estimate(tokenCount)),
      model,
    };
  }

  async #estimate(outputTokens: number): Promise<TurnEnd['usage']> {
    if (!this.#prompt || !this.#asked) return null;
    const inputTokens = await countTokens(this.#prompt.messages.map(({ content }) => content).join('\n'));
    return { inputTokens, outputTokens, exact: false };
  }

  #patiently<Result>(action: () => Promise<Result>): Promise<Result> {
    return whileDatabaseIsAway(action, patienceFor(DATABASE_PATIENCE_MS, this.#stop.signal));
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

function explain({ line, column, message }: TemplateError): string {
  return `The instructions cannot be rendered: line ${line}, column ${column}: ${message}`;
}
