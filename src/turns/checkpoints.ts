import type { Logger } from 'pino';
import type { Statements } from '../database/statements.ts';
import { apart } from '../telemetry/scope.ts';
import { type CheckpointResult, type ClaimedTurn, checkpointTurn, checkpointTurns, LEASE_MS } from './storage.ts';

/** Due turns are looked for so often, in milliseconds, and stored together. */
const TICK_MS = 150;
/** With a tick and the time it takes to store it, a crash costs no more than the last second of text. */
const INTERVAL_MS = 600;
/** Without new text there is only the lease to renew. */
const RENEWAL_MS = LEASE_MS / 3;
const BATCH_SIZE = 100;

/** A turn that runs in this process. */
export interface CheckpointedTurn {
  readonly turn: ClaimedTurn;
  /** What readers have been shown. */
  readonly shownText: string;
  /** Whether what it runs with is stored, as it has to be before a checkpoint. */
  readonly pinned: boolean;
  /** Stores that. */
  storePin(): Promise<unknown>;
  /** Takes what the database says about the turn. */
  told(result: CheckpointResult): void;
}

interface Stored {
  text: string;
  at: number;
  /** A checkpoint is under way. */
  busy: boolean;
}

/** Stores the text of the running turns now and then, many in one statement, and renews their leases. */
export class Checkpoints {
  readonly #statements: Statements;
  readonly #log: Logger;
  readonly #running = new Map<CheckpointedTurn, Stored>();
  #timer: NodeJS.Timeout | undefined;

  constructor({ statements, log }: { statements: Statements; log: Logger }) {
    this.#statements = statements;
    this.#log = log;
  }

  begin(turn: CheckpointedTurn): void {
    this.#running.set(turn, { text: '', at: Date.now(), busy: false });
    this.#timer ??= apart(() => setInterval(() => this.#storeDue(), TICK_MS));
  }

  end(turn: CheckpointedTurn): void {
    this.#running.delete(turn);
    if (this.#running.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #storeDue(): void {
    const now = Date.now();
    const due: [CheckpointedTurn, Stored][] = [];
    for (const [turn, stored] of this.#running) {
      const waitMs = turn.shownText === stored.text ? RENEWAL_MS : INTERVAL_MS;
      if (stored.busy || now - stored.at < waitMs) continue;
      stored.busy = true;
      if (turn.pinned) due.push([turn, stored]);
      else void this.#storeAlone(turn, stored);
    }
    for (let start = 0; start < due.length; start += BATCH_SIZE) void this.#store(due.slice(start, start + BATCH_SIZE));
  }

  async #store(batch: [CheckpointedTurn, Stored][]): Promise<void> {
    const texts = batch.map(([turn]) => turn.shownText);
    const checkpoints = batch.map(([{ turn }], index) => ({ turn, partialText: texts[index] as string }));
    let results: Map<string, CheckpointResult>;
    try {
      results = await checkpointTurns(this.#statements, checkpoints);
    } catch (error) {
      this.#warn(
        error,
        batch.map(([turn]) => turn),
      );
      for (const [, stored] of batch) stored.busy = false;
      return;
    }
    for (const [index, [turn, stored]] of batch.entries()) {
      const result = results.get(turn.turn.id);
      if (result) this.#take(turn, stored, texts[index] as string, result);
      // Its row was locked, or it is no longer ours: to be asked for by itself, so that no other turn waits for it.
      else void this.#storeAlone(turn, stored);
    }
  }

  async #storeAlone(turn: CheckpointedTurn, stored: Stored): Promise<void> {
    try {
      await turn.storePin();
      const text = turn.shownText;
      this.#take(turn, stored, text, await checkpointTurn(this.#statements, turn.turn, text));
    } catch (error) {
      this.#warn(error, [turn]);
      stored.busy = false;
    }
  }

  #take(turn: CheckpointedTurn, stored: Stored, text: string, result: CheckpointResult): void {
    turn.told(result);
    Object.assign(stored, { text, at: Date.now(), busy: false });
  }

  #warn(error: unknown, turns: CheckpointedTurn[]): void {
    const turnIds = turns.map(({ turn }) => turn.id);
    this.#log.warn({ err: error, turnIds }, 'The checkpoint of turns could not be stored; it will be tried again');
  }
}
