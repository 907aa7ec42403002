import type { RedisConnection } from './connection.ts';

/** Somebody who listens to a channel. */
export interface Listener {
  hear(message: string): void;
  /** From now on messages are missed, until `listening` resolves again. */
  lost(): void;
}

/** What one command names, and its answer. */
interface Page {
  names: string[];
  done: PromiseWithResolvers<void>;
}

const PAGE_SIZE = 1000;

/** The channels that this process listens to, over one connection; again by itself when Redis has been away. */
export class Channels {
  readonly #connection: RedisConnection;
  readonly #listeners = new Map<string, Listener>();
  /** When each channel is listened to. */
  readonly #listening = new Map<string, Promise<void>>();
  readonly #stopWatching: () => void;
  #next: Page | null = null;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
    connection.listening.on('message', (name: string, message: string) => this.#listeners.get(name)?.hear(message));
    this.#stopWatching = connection.onChange(() => (connection.run === null ? this.#lose() : this.#resume()));
  }

  /** Begins to listen, once Redis is there; one listener has a channel. */
  open(name: string, listener: Listener): void {
    this.#listeners.set(name, listener);
    if (this.#connection.run !== null) this.#subscribe(name);
  }

  /** Resolves once nothing is missed of what is said from then on. Rejects while Redis is away. */
  listening(name: string): Promise<void> {
    return this.#listening.get(name) ?? Promise.reject(new Error('Redis is away.'));
  }

  leave(name: string): void {
    this.#listeners.delete(name);
    this.#listening.delete(name);
    if (this.#connection.run !== null) this.#connection.listening.unsubscribe(name).catch(() => undefined);
  }

  close(): void {
    this.#stopWatching();
    this.#listeners.clear();
    this.#listening.clear();
  }

  #lose(): void {
    this.#listening.clear();
    for (const listener of this.#listeners.values()) listener.lost();
  }

  #resume(): void {
    for (const name of this.#listeners.keys()) this.#subscribe(name);
  }

  /** What is asked for in one turn of the event loop goes in one command. */
  #subscribe(name: string): void {
    if (this.#next === null || this.#next.names.length === PAGE_SIZE) {
      const page: Page = { names: [], done: Promise.withResolvers() };
      // Not everybody waits for it.
      page.done.promise.catch(() => undefined);
      setImmediate(() => this.#send(page));
      this.#next = page;
    }
    this.#next.names.push(name);
    this.#listening.set(name, this.#next.done.promise);
  }

  #send(page: Page): void {
    if (this.#next === page) this.#next = null;
    const names = page.names.filter((name) => this.#listeners.has(name));
    const listening = names.length === 0 ? Promise.resolve() : this.#connection.listening.subscribe(...names);
    listening.then(() => page.done.resolve(), page.done.reject);
  }
}
