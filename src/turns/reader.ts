import { UnavailableError } from '../errors.ts';
import type { EventLog, LoggedEvent, LogPosition } from './event-log.ts';
import { type StreamEvent, toStreamEvents } from './stream-events.ts';

/** What a reader begins with, or goes on with after a gap. */
export interface ReaderStart {
  /** Told first. */
  events: StreamEvent[];
  /** Where in the log to go on behind them; null: they are all there is. */
  position: LogPosition | null;
}

export interface ReaderOptions {
  log: Pick<EventLog, 'read' | 'subscribe' | 'closed'>;
  conversationId: string;
  start: ReaderStart;
  cursorOf(epoch: string, event: LoggedEvent): string;
  wanted(event: LoggedEvent): boolean;
  /** Whether nothing follows this event. */
  isLast(event: StreamEvent): boolean;
  /** Events behind the position are gone from the log: what to tell instead, and where to go on. */
  recover(): Promise<ReaderStart>;
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * Follows the events of a conversation by pulling: each `next()` takes everything behind the reader's position, with
 * adjacent pieces of text merged. A fast reader gets single tokens, a slow one fewer and larger events; nothing is
 * queued for it. It fails with UnavailableError when the server stops before the last event: an end would be mistaken
 * for that event. Written by hand, not as a generator: `return()` must also end a `next()` that waits.
 */
export class EventReader implements AsyncIterableIterator<StreamEvent> {
  readonly #options: ReaderOptions;
  readonly #unsubscribe: () => void;
  #ready: StreamEvent[];
  #next = 0;
  #position: LogPosition | null;
  /** Something may have been appended since the log was read. */
  #stale = true;
  #wake: (() => void) | null = null;
  #closed = false;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#ready = options.start.events;
    this.#position = options.start.position;
    this.#unsubscribe = options.log.subscribe(options.conversationId, () => this.#lookAgain());
  }

  async next(): Promise<IteratorResult<StreamEvent, undefined>> {
    try {
      while (!this.#closed) {
        const event = this.#ready[this.#next];
        if (event) {
          this.#next += 1;
          if (this.#options.isLast(event)) this.#position = null;
          return { done: false, value: event };
        }
        if (this.#position === null) break;
        await this.#pull(this.#position);
      }
    } catch (error) {
      // Nobody leaves what has failed.
      await this.return();
      throw error;
    }
    return this.return();
  }

  /** Ends the reading, also a `next()` that waits, and releases what it holds. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#closed = true;
    this.#unsubscribe();
    this.#lookAgain();
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Makes more events ready, or waits until there may be more. */
  async #pull(position: LogPosition): Promise<void> {
    const { log, conversationId, cursorOf, wanted, recover } = this.#options;
    this.#stale = false;
    const read = await log.read(conversationId, position);
    this.#next = 0;
    this.#ready = [];
    if (read.gap) {
      const start = await recover();
      this.#ready = start.events;
      this.#position = start.position;
      return;
    }
    const last = read.events.at(-1);
    if (last) {
      this.#ready = toStreamEvents(read.events, (event) => cursorOf(position.epoch, event), wanted);
      this.#position = { epoch: position.epoch, sequence: last.sequence };
    } else if (log.closed) {
      throw new UnavailableError('The server is stopping. Come back with the cursor of the last event.');
    } else if (!this.#stale && !this.#closed) {
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
  }

  #lookAgain(): void {
    this.#stale = true;
    this.#wake?.();
    this.#wake = null;
  }
}
