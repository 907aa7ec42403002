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
  /** Stores what has to be stored before a checkpoint, if it is not. */
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
      if (!stored.busy && now - stored.at >= waitMs) due.push([turn, stored]);
    }
    for (let start = 0; start < due.length; start += BATCH_SIZE) void this.#store(due.slice(start, start + BATCH_SIZE));
  }

  async #store(batch: [CheckpointedTurn, Stored][]): Promise<void> {
    for (const [, stored] of batch) stored.busy = true;
    try {
      await Promise.all(batch.map(([turn]) => turn.storePin()));
      const texts = batch.map(([turn]) => turn.shownText);
      const checkpoints = batch.map(([{ turn }], index) => ({ turn, partialText: texts[index] as string }));
      const results = await checkpointTurns(this.#statements, checkpoints);
      for (const [index, [turn, stored]] of batch.entries()) {
        const text = texts[index] as string;
        // Its row was locked, or it is no longer ours: to be asked for by itself.
        turn.told(results.get(turn.turn.id) ?? (await checkpointTurn(this.#statements, turn.turn, text)));
        Object.assign(stored, { text, at: Date.now() });
      }
    } catch (error) {
      const turnIds = batch.map(([{ turn }]) => turn.id);
      this.#log.warn({ err: error, turnIds }, 'The checkpoint of turns could not be stored; it will be tried again');
    } finally {
      for (const [, stored] of batch) stored.busy = false;
    }
  }
}
