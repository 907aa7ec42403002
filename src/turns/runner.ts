import { setTimeout as pause } from 'node:timers/promises';
import type { Context, Services } from '../context.ts';
import { isDatabaseUnavailable } from '../database/unavailable.ts';
import type { LanguageModel } from '../language-model/port.ts';
import type { TurnLogEvent } from './event-log.ts';
import { RunningTurn, type StopReason } from './running-turn.ts';
import {
  type AbandonedTurn,
  type ClaimedTurn,
  claimNextTurn,
  endTurn,
  listAbandonedTurns,
  listStalledConversations,
  releaseConversation,
  requeueTurn,
  type TurnEnd,
} from './storage.ts';
import { countTokens } from './tokens.ts';

const SWEEP_INTERVAL_MS = 5000;
const STORE_RETRY_MS = 500;
/** How long the end of a turn is kept trying to be stored while the database is away. */
const STORE_PATIENCE_MS = 120_000;

export interface TurnRunnerOptions {
  model: LanguageModel;
  /** How much of the history is sent to the model, in tokens. */
  contextTokens: number;
}

/** Runs the turns this process has accepted or taken over: one at a time per conversation, in order. */
export class TurnRunner {
  readonly #services: Services;
  readonly #options: TurnRunnerOptions;
  /** The conversations being worked on, each with what ends when its queue is empty. */
  readonly #working = new Map<string, Promise<void>>();
  readonly #kickedAgain = new Set<string>();
  readonly #running = new Map<string, RunningTurn>();
  #sweeper: NodeJS.Timeout | null = null;
  #stopping = false;

  constructor(core: Omit<Services, 'turns'>, options: TurnRunnerOptions) {
    this.#services = { ...core, turns: this };
    this.#options = options;
  }

  /** Whether the model behind it is the offline one. */
  get offline(): boolean {
    return this.#options.model.offline;
  }

  /** Begins to look after turns that other processes left behind, now and every few seconds. */
  async start(): Promise<void> {
    await this.sweep();
    this.#sweeper = setInterval(() => void this.sweep().catch((error) => this.#warn(error, 'Abandoned turns could not be looked for')), SWEEP_INTERVAL_MS);
    this.#sweeper.unref();
  }

  /** A turn waits in this conversation: run it as soon as none runs before it. */
  kick(workspaceId: string, conversationId: string): void {
    if (this.#stopping) return;
    if (this.#working.has(conversationId)) {
      this.#kickedAgain.add(conversationId);
      return;
    }
    const work = this.#workThrough(workspaceId, conversationId)
      .catch((error) => this.#warn(error, 'A conversation could not be worked on; it will be tried again'))
      .finally(() => {
        this.#working.delete(conversationId);
        if (this.#kickedAgain.delete(conversationId)) this.kick(workspaceId, conversationId);
      });
    this.#working.set(conversationId, work);
  }

  /** Stops a turn that runs in this process. False: it does not run here. */
  stop(turnId: string, reason: StopReason): boolean {
    const running = this.#running.get(turnId);
    running?.stop(reason);
    return running !== undefined;
  }

  /** Takes nothing more on, lets what runs finish for a while, then ends it as interrupted. */
  async close(graceMs: number): Promise<void> {
    this.#stopping = true;
    if (this.#sweeper) clearInterval(this.#sweeper);
    const finished = Promise.all(this.#working.values());
    const graceOver = new AbortController();
    await Promise.race([finished, pause(graceMs, undefined, { signal: graceOver.signal }).catch(() => undefined)]);
    graceOver.abort();
    for (const turn of this.#running.values()) turn.stop('INTERRUPTED');
    await finished;
  }

  /** Ends or runs again what a dead process left behind, and goes on with queues nobody works on. */
  async sweep(): Promise<void> {
    for (const turn of await listAbandonedTurns(this.#services.db)) {
      if (turn.shown) await this.#endInterrupted(turn);
      else await requeueTurn(this.#services.db, turn);
    }
    for (const { workspaceId, conversationId } of await listStalledConversations(this.#services.db)) {
      if (this.#working.has(conversationId)) continue;
      await releaseConversation(this.#services.db, workspaceId, conversationId);
      this.kick(workspaceId, conversationId);
    }
  }

  async #workThrough(workspaceId: string, conversationId: string): Promise<void> {
    while (!this.#stopping) {
      this.#kickedAgain.delete(conversationId);
      const turn = await claimNextTurn(this.#services.db, workspaceId, conversationId);
      if (turn) await this.#run(turn);
      else if (!this.#kickedAgain.has(conversationId)) return;
    }
  }

  async #run(turn: ClaimedTurn): Promise<void> {
    const running = new RunningTurn(this.#contextOf(turn), turn, this.#options);
    this.#running.set(turn.id, running);
    try {
      const end = await running.run();
      if (!end) return;
      // Stored before readers are told: whoever hears of the end finds the reply.
      if (await this.#storeEnd(turn, end)) running.publish(finalEvent(end));
    } finally {
      this.#running.delete(turn.id);
    }
  }

  async #storeEnd(turn: ClaimedTurn, end: TurnEnd): Promise<boolean> {
    const deadline = Date.now() + STORE_PATIENCE_MS;
    for (;;) {
      try {
        return await endTurn(this.#services.db, turn, end);
      } catch (error) {
        if (!isDatabaseUnavailable(error) || Date.now() > deadline) throw error;
        await pause(STORE_RETRY_MS);
      }
    }
  }

  async #endInterrupted(turn: AbandonedTurn): Promise<void> {
    const end: TurnEnd = {
      status: 'FAILED',
      text: turn.partialText || null,
      tokenCount: await countTokens(turn.partialText ?? ''),
      stageId: turn.stageId,
      errorCode: 'INTERRUPTED',
      errorMessage: 'The server stopped before the reply was finished.',
      usage: null,
      model: null,
    };
    if (!(await endTurn(this.#services.db, turn, end))) return;
    const { id: turnId, number: turnNumber } = turn;
    this.#services.eventLog.append(turn.conversationId, { ...finalEvent(end), turnId, turnNumber });
    this.kick(turn.workspaceId, turn.conversationId);
  }

  /** A turn acts for the assistant: within its workspace it may do whatever its tools do. */
  #contextOf({ workspaceId, id }: ClaimedTurn): Context {
    return {
      ...this.#services,
      workspaceId,
      access: { workspaceId, permissions: ['READ', 'WRITE'], apiKeyId: null, identityId: null, expiresAt: null },
      requestId: id,
    };
  }

  #warn(error: unknown, message: string): void {
    this.#services.log.warn({ err: error }, message);
  }
}

function finalEvent({ status, errorCode, errorMessage }: TurnEnd): TurnLogEvent {
  if (status === 'COMPLETED') return { type: 'TurnCompleted' };
  if (status === 'CANCELLED') return { type: 'TurnCancelled' };
  return { type: 'TurnFailed', code: errorCode ?? 'INTERNAL', message: errorMessage ?? '' };
}
