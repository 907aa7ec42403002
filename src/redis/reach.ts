import type { RedisConnection } from './connection.ts';

/** So long Redis may be out of reach before anybody is told; a connection that breaks is back sooner. */
const GRACE_MS = 1000;

/** Whether Redis takes and gives what the log needs, with some patience. */
export class Reach {
  readonly #connection: RedisConnection;
  readonly #stopWatching: () => void;
  readonly #watchers = new Set<() => void>();
  /** It is there, and does not answer as it should. */
  #failing = false;
  #away = false;
  #grace: NodeJS.Timeout | null = null;
  /** Who asked during the grace. */
  #decided: PromiseWithResolvers<boolean> | null = null;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
    this.#stopWatching = connection.onChange(() => this.#look());
    this.#look();
  }

  /** Whether it has been out of reach for longer than the grace. */
  get away(): boolean {
    return this.#away;
  }

  /** Calls `hear` when it has gone away and when it is back. */
  onChange(hear: () => void): void {
    this.#watchers.add(hear);
  }

  /** Resolves to whether it is worth asking, at the latest when the grace is over. */
  isHere(): boolean | Promise<boolean> {
    if (this.#isFine()) return true;
    if (this.#away) return false;
    this.#decided ??= Promise.withResolvers();
    return this.#decided.promise;
  }

  /** Tells how the last attempt to write went. */
  report(failing: boolean): void {
    if (failing === this.#failing) return;
    this.#failing = failing;
    this.#look();
  }

  close(): void {
    this.#stopWatching();
    this.#watchers.clear();
    this.#settle(true);
  }

  #isFine(): boolean {
    return this.#connection.run !== null && !this.#failing;
  }

  #look(): void {
    if (this.#isFine()) this.#settle(false);
    else if (!this.#away) this.#grace ??= setTimeout(() => this.#settle(true), GRACE_MS).unref();
  }

  #settle(away: boolean): void {
    if (this.#grace) clearTimeout(this.#grace);
    this.#grace = null;
    this.#decided?.resolve(!away);
    this.#decided = null;
    if (away === this.#away) return;
    this.#away = away;
    for (const tell of this.#watchers) tell();
  }
}
