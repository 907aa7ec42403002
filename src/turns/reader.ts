import { UnavailableError } from '../errors.ts';
import type { EventLog, LoggedEvent, LogPosition, LogRead } from './event-log.ts';
import { type StreamEvent, toStreamEvents } from './stream-events.ts';

/** What a reader begins with, or goes on with after a gap. */
export interface ReaderStart {
  /** Told first. */
  events: StreamEvent[];
  /** Where in the log to go on behind them; null: they are all there is. */
  position: LogPosition | null;
}

export interface ReaderOptions {
  log: Pick<EventLog, 'read' | 'subscribe' | 'closed' | 'doubtAfterMs'>;
  conversationId: string;
  start: ReaderStart;
  cursorOf(epoch: string, event: LoggedEvent): string;
  wanted(event: LoggedEvent): boolean;
  /** Whether nothing follows this event. */
  isLast(event: StreamEvent): boolean;
  /** Events behind the position are gone from the log: what to tell instead, and where to go on. */
  recover(): Promise<ReaderStart>;
  /** Whether the database knows an end that has not been told: asked after a long silence, where an end may be lost. */
  isOver(): Promise<boolean>;
}

type Result = IteratorResult<StreamEvent, undefined>;

const NONE: StreamEvent[] = [];
const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * Follows the events of a conversation by pulling: each `next()` takes everything behind the reader's position, with
 * adjacent pieces of text merged. A fast reader gets single tokens, a slow one fewer and larger events; nothing is
 * queued for it. It fails with UnavailableError when the server stops before the last event: an end would be mistaken
 * for that event. Written by hand, not as a generator: `return()` must also end a `next()` that waits, and a token should
 * pass through as few promises as possible.
 */
export class EventReader implements AsyncIterableIterator<StreamEvent> {
  readonly #options: Omit<ReaderOptions, 'start'>;
  readonly #unsubscribe: () => void;
  #ready: StreamEvent[];
  #next = 0;
  #position: LogPosition | null;
  /** Something may have been appended since the log was read. */
  #stale = true;
  /** Settles a `next()` that waits. */
  #wake: (() => void) | null = null;
  #closed = false;
  readonly #doubts: NodeJS.Timeout | undefined;
  /** Nothing has come since the last doubt. */
  #silent = false;
  /** There is something to tell that will not come through the log. */
  #lost = false;

  constructor({ start, ...options }: ReaderOptions) {
    this.#options = options;
    this.#ready = start.events;
    this.#position = start.position;
    this.#unsubscribe = options.log.subscribe(options.conversationId, () => this.#lookAgain());
    const { doubtAfterMs } = options.log;
    if (doubtAfterMs !== null) this.#doubts = setInterval(() => void this.#doubt(), doubtAfterMs).unref();
  }

  next(): Promise<Result> {
    return Promise.resolve(this.#settle());
  }

  /** Ends the reading, also a `next()` that waits, and releases what it holds. */
  return(): Promise<IteratorReturnResult<undefined>> {
    this.#close();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #settle(): Result | Promise<Result> {
    try {
      const taken = this.#take();
      if (taken === null) return this.#wait();
      return taken instanceof Promise
        ? taken.then(
            () => this.#settle(),
            (error) => this.#fail(error),
          )
        : taken;
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** The next event or the end; a promise of something to take; null: there is nothing yet. */
  #take(): Result | Promise<void> | null {
    for (;;) {
      const event = this.#ready[this.#next];
      if (event && !this.#closed) {
        this.#next += 1;
        if (this.#options.isLast(event)) this.#position = null;
        return { done: false, value: event };
      }
      if (this.#position === null || this.#closed) {
        this.#close();
        return DONE;
      }
      if (!this.#stale) return null;
      const pulling = this.#pull(this.#position);
      if (pulling) return pulling;
    }
  }

  /** Makes what is behind the position ready; a promise when that takes a while. */
  #pull(position: LogPosition): Promise<void> | undefined {
    this.#stale = false;
    // What has been told is not kept: most readers wait for long.
    this.#ready = NONE;
    this.#next = 0;
    if (this.#lost) {
      this.#lost = false;
      return this.#options.recover().then((start) => this.#beginAgain(start));
    }
    const read = this.#options.log.read(this.#options.conversationId, position);
    return read instanceof Promise ? read.then((later) => this.#digest(later, position)) : this.#digest(read, position);
  }

  #digest(read: LogRead, position: LogPosition): Promise<void> | undefined {
    const { log, cursorOf, wanted, recover } = this.#options;
    if (read.gap) return recover().then((start) => this.#beginAgain(start));
    const last = read.events.at(-1);
    if (!last && log.closed)
      throw new UnavailableError('The server is stopping. Come back with the cursor of the last event.');
    if (!last) return undefined;
    this.#beginAgain({
      events: toStreamEvents(read.events, (event) => cursorOf(position.epoch, event), wanted),
      position: { epoch: position.epoch, sequence: last.sequence },
    });
    return undefined;
  }

  #beginAgain({ events, position }: ReaderStart): void {
    this.#ready = events;
    this.#next = 0;
    this.#position = position;
    this.#stale = true;
  }

  #wait(): Promise<Result> {
    return new Promise((resolve) => {
      const earlier = this.#wake;
      this.#wake = () => {
        earlier?.();
        resolve(this.#settle());
      };
    });
  }

  /** Asks the database after a whole interval of silence. */
  async #doubt(): Promise<void> {
    const wasSilent = this.#silent;
    this.#silent = true;
    if (!wasSilent || this.#position === null || !this.#wake) return;
    // While the database is away, the next doubt will do.
    const over = await this.#options.isOver().catch(() => false);
    if (!over || !this.#silent) return;
    this.#lost = true;
    this.#lookAgain();
  }

  #lookAgain(): void {
    this.#stale = true;
    this.#silent = false;
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  /** Nobody leaves what has failed. */
  #fail(error: unknown): Promise<never> {
    this.#close();
    return Promise.reject(error);
  }

  #close(): void {
    this.#closed = true;
    clearInterval(this.#doubts);
    this.#unsubscribe();
    this.#lookAgain();
  }
}
