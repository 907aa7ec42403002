import type { Context } from '../context.ts';
import type { JourneySpan } from './model.ts';

/** The shortest time between two snapshots, in milliseconds. */
const INTERVAL_MS = 1000;

/** A span whose journey is to be read again; the fields that were asked for are read when it is told. */
export interface JourneySnapshot {
  span: JourneySpan;
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * A journey now, and again whenever identities have moved, at most once a second however busy the server is. Written by
 * hand: a generator that waits for the next move could not be left.
 */
export class LiveJourney implements AsyncIterableIterator<JourneySnapshot> {
  readonly #span: JourneySpan;
  readonly #unsubscribe: () => void;
  #stale = true;
  #toldAt = Number.NEGATIVE_INFINITY;
  #ended = false;
  #wake = () => {};
  #timer: NodeJS.Timeout | undefined;

  constructor({ transitionFeed, workspaceId }: Pick<Context, 'transitionFeed' | 'workspaceId'>, span: JourneySpan) {
    this.#span = span;
    this.#unsubscribe = transitionFeed.subscribe(workspaceId, () => {
      this.#stale = true;
      this.#wake();
    });
  }

  async next(): Promise<IteratorResult<JourneySnapshot>> {
    while (!this.#ended && !this.#stale) await this.#woken();
    const early = this.#toldAt + INTERVAL_MS - performance.now();
    if (early > 0 && !this.#ended) await this.#woken(early);
    if (this.#ended) return DONE;
    this.#stale = false;
    this.#toldAt = performance.now();
    return { done: false, value: { span: this.#span } };
  }

  async return(): Promise<IteratorResult<JourneySnapshot>> {
    this.#ended = true;
    this.#unsubscribe();
    clearTimeout(this.#timer);
    this.#wake();
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Resolves at the next notice, or, given a time, when it is over. */
  #woken(afterMs?: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = afterMs === undefined || this.#ended ? resolve : () => this.#ended && resolve();
      if (afterMs !== undefined) this.#timer = setTimeout(resolve, afterMs);
    });
  }
}
