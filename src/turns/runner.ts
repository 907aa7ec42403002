import { setTimeout as pause } from 'node:timers/promises';
import type { Services } from '../context.ts';
import type { LanguageModel } from '../language-model/port.ts';
import { currentScope, inScope, type Scope } from '../telemetry/scope.ts';
import { expireLeases, listStalledConversations, releaseConversation, requeueTurn } from './abandoned.ts';
import { Checkpoints } from './checkpoints.ts';
import { type Patience, whileDatabaseIsAway } from './patience.ts';
import { type PreparedTurn, prepareTurn } from './preparation.ts';
import type { PromptParts } from './prompt-parts.ts';
import { RunningTurn, type StopReason } from './running-turn.ts';
import { type ClaimedTurn, claimNextTurn, type TurnEnd } from './storage.ts';
import { storeEnd } from './store-end.ts';
import { Summarizer } from './summary.ts';
import { takeOverAbandoned } from './takeover.ts';
import { TurnOrigins } from './turn-origins.ts';
import { TurnRecord } from './turn-record.ts';

const SWEEP_INTERVAL_MS = 5000;
/** How long the end of a turn is kept trying to be stored while the database is away; and while the process stops. */
const STORE_PATIENCE_MS = 120_000;
const LAST_STORE_PATIENCE_MS = 2000;

export interface TurnRunnerOptions {
  model: LanguageModel;
  /** How much of the history is sent to the model, in tokens. */
  contextTokens: number;
  /** No other process uses the database: what runs in it at the start was left by one that is dead. */
  alone: boolean;
}

/** Runs the turns this process has accepted or taken over: one at a time per conversation, in order. */
export class TurnRunner {
  readonly #services: Services;
  readonly #options: TurnRunnerOptions;
  readonly #summarizer: Summarizer;
  readonly #checkpoints: Checkpoints;
  /** The conversations being worked on, each with what ends when its queue is empty. */
  readonly #working = new Map<string, Promise<void>>();
  readonly #kickedAgain = new Set<string>();
  /** The turns that were claimed when they were accepted. */
  readonly #begun = new Set<Promise<void>>();
  readonly #running = new Map<string, RunningTurn>();
  readonly #origins = new TurnOrigins();
  #sweeper: NodeJS.Timeout | null = null;
  #sweeping: Promise<void> | null = null;
  #stopping = false;
  /** Set once the turns have been told to end. */
  #graceOverAt: number | null = null;

  constructor(core: Omit<Services, 'turns'>, options: TurnRunnerOptions) {
    this.#services = { ...core, turns: this };
    this.#summarizer = new Summarizer({ db: core.db, log: core.log, model: options.model });
    this.#checkpoints = new Checkpoints(core);
    this.#options = options;
    core.announcements.listen((announcement) => {
      if (announcement.type === 'CancelRequested') this.stop(announcement.turnId, 'CANCELLED');
      if (announcement.type === 'TurnsWaiting' && !this.#stopping)
        this.kick(announcement.workspaceId, announcement.conversationId);
    });
  }

  /** How much of the history is sent to the model, in tokens. */
  get contextTokens(): number {
    return this.#options.contextTokens;
  }

  /** Whether nothing new is taken on. */
  get stopping(): boolean {
    return this.#stopping;
  }

  /** How many turns run in this process. */
  get runningCount(): number {
    return this.#running.size;
  }

  /** Begins to look after turns that other processes left behind, now and every few seconds. */
  async start(): Promise<void> {
    if (this.#options.alone) await expireLeases(this.#services.db);
    await this.sweep();
    this.#sweeper = setInterval(() => void this.sweep(), SWEEP_INTERVAL_MS).unref();
  }

  /** What the model is sent when a turn is made of these parts; throws what keeps it from being answered. */
  prepare(parts: PromptParts): PreparedTurn {
    const { model, contextTokens } = this.#options;
    return prepareTurn(parts, { model: model.defaultModel, contextTokens });
  }

  /** Runs a turn that was claimed for this process when its message was accepted. */
  begin(turn: ClaimedTurn, prepared: PreparedTurn | null): void {
    const work = this.#run(turn, currentScope(), prepared)
      .then((more) => more && this.kick(turn.workspaceId, turn.conversationId))
      .catch((error) => this.#warn(error, 'A turn could not be run; it will be taken over'))
      .then(() => void this.#begun.delete(work));
    this.#begun.add(work);
  }

  /** A turn waits in this conversation: run it as soon as none runs before it. A new one is named, so that it is known whose it is. */
  kick(workspaceId: string, conversationId: string, turnId?: string): void {
    if (turnId) this.#origins.note(turnId);
    if (this.#stopping) {
      this.#leaveToOthers(workspaceId, conversationId);
      return;
    }
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

  /** A turn that runs in this process: readers will be told of its end, also when it has just been stored. */
  findRunning(turnId: string): RunningTurn | null {
    return this.#running.get(turnId) ?? null;
  }

  /** Stops a turn that runs in this process. False: it does not run here. */
  stop(turnId: string, reason: StopReason): boolean {
    const running = this.#running.get(turnId);
    running?.stop(reason);
    return running !== undefined;
  }

  /** A conversation has been deleted: what runs in it ends, and what is kept of it goes. */
  forget(conversationId: string): void {
    for (const running of this.#running.values()) {
      if (running.turn.conversationId === conversationId) running.stop('LOST');
    }
    this.#services.eventLog.forget(conversationId);
    this.#services.announcements.tell({ type: 'ConversationErased', conversationId });
  }

  /** Takes nothing more on, lets what runs finish for a while, then ends it as interrupted. */
  async close(graceMs: number): Promise<void> {
    this.#stopping = true;
    if (this.#sweeper) clearInterval(this.#sweeper);
    const finished = Promise.all([...this.#working.values(), ...this.#begun, this.#sweeping]);
    const graceOver = new AbortController();
    await Promise.race([finished, pause(graceMs, undefined, { signal: graceOver.signal }).catch(() => undefined)]);
    graceOver.abort();
    this.#graceOverAt = Date.now();
    for (const turn of this.#running.values()) turn.stop('INTERRUPTED');
    await finished;
    await this.#summarizer.close();
  }

  /** Ends or runs again what a dead process left behind, and goes on with queues nobody works on. Never fails. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep()
      .catch((error) => this.#warn(error, 'Abandoned turns could not be looked for; it will be tried again'))
      .finally(() => {
        this.#sweeping = null;
      });
    return this.#sweeping;
  }

  async #sweep(): Promise<void> {
    const { db } = this.#services;
    await takeOverAbandoned(this.#services, (turn) => this.#running.has(turn.id));
    for (const { workspaceId, conversationId } of await listStalledConversations(db)) {
      if (this.#working.has(conversationId) || this.#stopping) continue;
      await releaseConversation(db, workspaceId, conversationId);
      this.kick(workspaceId, conversationId);
    }
  }

  async #workThrough(workspaceId: string, conversationId: string): Promise<void> {
    while (!this.#stopping) {
      this.#kickedAgain.delete(conversationId);
      const turn = await claimNextTurn(this.#services.statements, workspaceId, conversationId);
      const more = turn !== null && (await this.#run(turn, this.#origins.take(turn.id)));
      if (!more && !this.#kickedAgain.has(conversationId)) return;
    }
    this.#leaveToOthers(workspaceId, conversationId);
  }

  /** This process stops: another one goes on with the queue. */
  #leaveToOthers(workspaceId: string, conversationId: string): void {
    this.#services.announcements.tell({ type: 'TurnsWaiting', workspaceId, conversationId });
  }

  /** Runs a turn to its end; tells whether another one may wait behind it. */
  async #run(turn: ClaimedTurn, origin: Scope, prepared: PreparedTurn | null = null): Promise<boolean> {
    // The process began to stop while the turn was being claimed.
    if (this.#stopping) {
      await requeueTurn(this.#services.db, turn);
      return true;
    }
    const record = new TurnRecord(this.#services, turn, origin);
    return inScope(record.scope, () => this.#runRecorded(turn, prepared, record));
  }

  async #runRecorded(turn: ClaimedTurn, prepared: PreparedTurn | null, record: TurnRecord): Promise<boolean> {
    const running = new RunningTurn(this.#services, turn, {
      model: this.#options.model,
      checkpoints: this.#checkpoints,
      prepared,
    });
    this.#running.set(turn.id, running);
    let ended: TurnEnd | null = null;
    try {
      const end = await running.run();
      // Stored before readers are told: whoever hears of the end finds the reply.
      const stored = end && (await whileDatabaseIsAway(() => storeEnd(this.#services, turn, end), this.#patience()));
      if (!stored) {
        await this.#forgetIfDeleted(turn);
        return true;
      }
      ended = end;
      running.publish(stored.event);
      running.keepHistory(end, stored.revision);
      if (running.summaryDue) this.#summarizer.request({ ...turn, ...running.summaryDue });
      return stored.more;
    } finally {
      this.#running.delete(turn.id);
      record.end(ended, running.firstTextAt);
    }
  }

  async #forgetIfDeleted({ workspaceId, conversationId: id }: ClaimedTurn): Promise<void> {
    const { db, eventLog } = this.#services;
    if ((await db.conversation.count({ where: { workspaceId, id } })) === 0) eventLog.forget(id);
  }

  #patience(): Patience {
    const begun = Date.now();
    return {
      over: () =>
        this.#graceOverAt === null
          ? Date.now() > begun + STORE_PATIENCE_MS
          : Date.now() > this.#graceOverAt + LAST_STORE_PATIENCE_MS,
    };
  }

  #warn(error: unknown, message: string): void {
    this.#services.log.warn({ err: error }, message);
  }
}
