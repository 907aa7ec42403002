import { TemplateError } from '../assistants/template.ts';
import type { Context, Services } from '../context.ts';
import type { JsonValue } from '../input.ts';
import { type LanguageModel, ModelError, type ModelToolCall } from '../language-model/port.ts';
import { currentScope } from '../telemetry/scope.ts';
import { serverAccess } from '../workspaces/access.ts';
import type { CheckpointedTurn, Checkpoints } from './checkpoints.ts';
import type { TurnLogEvent } from './event-log.ts';
import { converse } from './model-dialogue.ts';
import { patienceFor, whileDatabaseIsAway } from './patience.ts';
import { type PreparedTurn, TurnFailure } from './preparation.ts';
import { loadPromptParts, MAX_HISTORY } from './prompt-parts.ts';
import { Reply } from './reply.ts';
import { type CheckpointResult, type ClaimedTurn, checkpointTurn, pinTurn, showTurn, type TurnEnd } from './storage.ts';
import { countTokens } from './tokens.ts';
import { callTool, listTools } from './tools.ts';

/** How long a turn waits for a database that is away, in milliseconds. */
const DATABASE_PATIENCE_MS = 60_000;

/** Why a running turn is being stopped. */
export type StopReason = 'CANCELLED' | 'INTERRUPTED' | 'LOST';

export interface RunningTurnOptions {
  model: LanguageModel;
  checkpoints: Checkpoints;
  /** What the turn was stored with when it was accepted; null: it is to be prepared when it runs. */
  prepared: PreparedTurn | null;
}

/** One turn while this process runs it. */
export class RunningTurn implements CheckpointedTurn {
  readonly turn: ClaimedTurn;
  readonly #ctx: Context;
  readonly #options: RunningTurnOptions;
  readonly #stop = new AbortController();
  readonly #reply: Reply;
  #prepared: PreparedTurn | null;
  #pinned: boolean;
  #asked = false;
  #stageId: string | null = null;
  /** When text was first shown, as a `performance.now()`. */
  firstTextAt: number | null = null;

  constructor(services: Services, turn: ClaimedTurn, options: RunningTurnOptions) {
    this.#ctx = contextOf(services, turn);
    this.turn = turn;
    this.#options = options;
    this.#prepared = options.prepared;
    this.#pinned = options.prepared !== null;
    this.#reply = new Reply({
      commit: () => this.#patiently(() => this.#commit()),
      show: (text) => this.publish({ type: 'TurnTokens', text }),
      fail: (reason) => this.#stop.abort(reason),
    });
  }

  /** Set when so much has been said that the oldest part should be condensed, with the budget it has to fit. */
  get summaryDue(): { contextTokens: number } | null {
    return this.#prepared?.summaryDue ?? null;
  }

  /** Whose turn it is; null until it has been read. */
  get identityId(): string | null {
    return this.#prepared?.identityId ?? null;
  }

  /** Asks the turn to end; the request to the model is aborted. */
  stop(reason: StopReason): void {
    this.#stop.abort(reason);
  }

  /** Keeps what was said for the next message, unless something else was said meanwhile. */
  keepHistory({ text, tokenCount }: TurnEnd, revision: number | null): void {
    const before = this.#prepared?.history;
    if (!before || revision !== before.revision + 1) return;
    const { conversationId, number: turnNumber } = this.turn;
    const reply = text === null ? [] : [{ role: 'ASSISTANT', text, tokenCount, turnNumber }];
    const messages = [...reply, ...before.messages].slice(0, MAX_HISTORY);
    this.#ctx.histories.keep(before.key, { conversationId, revision, messages });
  }

  /** Runs the turn to its end and tells how it ended; null: it is no longer ours. Does not store the end. */
  async run(): Promise<TurnEnd | null> {
    this.#ctx.eventLog.announce(this.turn.conversationId, this.turn);
    this.publish({ type: 'TurnStarted' });
    this.#options.checkpoints.begin(this);
    try {
      return await this.#answer();
    } catch (error) {
      return await this.#endOf(error);
    } finally {
      this.#options.checkpoints.end(this);
    }
  }

  /** Tells the readers. */
  publish(event: TurnLogEvent): void {
    const { conversationId, id, number, attempt } = this.turn;
    this.#ctx.eventLog.append(conversationId, { ...event, turnId: id, turnNumber: number, attempt });
  }

  async #answer(): Promise<TurnEnd> {
    const { signal } = this.#stop;
    this.#prepared ??= await this.#prepare();
    const { assistant, prompt, pin, identityId } = this.#prepared;
    this.#stageId = pin.stageId;
    const tools = await this.#patiently(() => listTools(this.#ctx, assistant));
    const scope = { identityId, turnId: this.turn.id, messageId: this.turn.messageId };
    const call = async (wanted: ModelToolCall): Promise<JsonValue> => {
      await this.#patiently(() => this.#confirm());
      const { answer, events } = await this.#patiently(() => callTool(this.#ctx, tools, scope, wanted));
      for (const event of events) this.publish(event);
      return answer;
    };
    signal.throwIfAborted();
    this.#asked = true;
    const { messages } = prompt;
    const result = await converse({
      ...{ languageModel: this.#options.model, model: pin.model, messages, tools, requestId: this.#ctx.requestId },
      ...{ reply: this.#reply, callTool: call, signal },
    });
    await this.#reply.shown();
    // What could not be shown is no reply, and who was told that the turn is being stopped is not told that it was completed.
    signal.throwIfAborted();
    return this.#end('COMPLETED', { model: result.model, usage: result.usage && { ...result.usage, exact: true } });
  }

  async #prepare(): Promise<PreparedTurn> {
    const loaded = await this.#patiently(() => loadPromptParts(this.#ctx, this.turn));
    if (!loaded) this.stop('LOST');
    else if (loaded.cancelRequested) this.stop('CANCELLED');
    this.#stop.signal.throwIfAborted();
    const { parts } = loaded as NonNullable<typeof loaded>;
    this.#stageId = parts.identity.stageId;
    return this.#ctx.turns.prepare(parts);
  }

  get pinned(): boolean {
    return this.#pinned;
  }

  /** What readers have been shown. */
  get shownText(): string {
    return this.#reply.shownText;
  }

  told({ ours, cancelRequested }: CheckpointResult): void {
    if (!ours) this.stop('LOST');
    else if (cancelRequested) this.stop('CANCELLED');
  }

  /** Throws unless the turn is still ours: what a tool does cannot be taken back. */
  async #confirm(): Promise<void> {
    this.told(await checkpointTurn(this.#ctx.statements, this.turn, this.shownText));
    this.#stop.signal.throwIfAborted();
  }

  /** Stores that text is about to be shown, and what the turn runs with, unless that is stored. False: the turn is no longer ours. */
  async #commit(): Promise<boolean> {
    const shown = (await this.storePin()) && (await showTurn(this.#ctx.statements, this.turn, new Date()));
    if (shown) this.firstTextAt = performance.now();
    return shown;
  }

  /** Stores what the turn runs with, unless that is stored; false: the turn is no longer ours, or not prepared. */
  async storePin(): Promise<boolean> {
    if (!this.#pinned && this.#prepared)
      this.#pinned = await pinTurn(this.#ctx.statements, this.turn, this.#prepared.pin);
    return this.#pinned;
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
    await this.storePin().catch((error) =>
      this.#ctx.log.warn({ err: error, turnId: this.turn.id }, 'What a turn ran with could not be stored'),
    );
    // What could not be shown is not kept either: readers would be told an end that lacks it.
    const text = this.shownText;
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
    if (!this.#prepared || !this.#asked) return null;
    const inputTokens = await countTokens(this.#prepared.prompt.messages.map(({ content }) => content).join('\n'));
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

function explain({ line, column, message }: TemplateError): string {
  return `The instructions cannot be rendered: line ${line}, column ${column}: ${message}`;
}

/** A turn acts for the assistant: within its workspace it may do whatever its tools do. */
function contextOf(services: Services, { workspaceId, id }: ClaimedTurn): Context {
  return {
    ...services,
    workspaceId,
    access: serverAccess(workspaceId),
    requestId: currentScope().requestId ?? id,
  };
}
