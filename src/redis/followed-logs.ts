import type { LogPosition } from '../turns/event-log.ts';
import type { RedisConnection } from './connection.ts';
import { FollowedLog, type LogPage } from './followed-log.ts';
import type { LogNames } from './log-names.ts';
import { Script } from './script.ts';

const READ = new Script('read.lua');
/** How many entries are read at once. */
const PAGE_SIZE = 1000;
/** How long a log is followed that nobody reads, in milliseconds: most readers come back. */
const LINGER_MS = 10_000;
/** How many events of each log are kept when there is no room for more. */
const KEPT_EVENTS = 64;

export interface FollowedLogsOptions {
  connection: RedisConnection;
  names: LogNames;
  /** Bound of what is kept of all of them, in bytes. */
  maxBytes: number;
}

/** The logs that somebody reads in this process. */
export class FollowedLogs {
  readonly #options: FollowedLogsOptions;
  readonly #logs = new Map<string, FollowedLog>();
  /** Those that nobody reads at the moment. */
  readonly #leaving = new Map<string, NodeJS.Timeout>();
  #bytes = 0;

  constructor(options: FollowedLogsOptions) {
    this.#options = options;
  }

  /** How much is kept of all of them, in bytes, roughly. */
  get bytes(): number {
    return this.#bytes;
  }

  find(conversationId: string): FollowedLog | undefined {
    return this.#logs.get(conversationId);
  }

  /** The log of a conversation, followed from now on for a while at least. */
  follow(conversationId: string): FollowedLog {
    let followed = this.#logs.get(conversationId);
    if (!followed) {
      followed = this.#begin(conversationId);
      this.#logs.set(conversationId, followed);
    }
    if (followed.readers.size === 0) this.#linger(conversationId);
    return followed;
  }

  /** Follows the log until the returned function is called, which tells whether that was the first time. */
  join(conversationId: string, wake: () => void): () => boolean {
    const { readers } = this.follow(conversationId);
    clearTimeout(this.#leaving.get(conversationId));
    this.#leaving.delete(conversationId);
    readers.add(wake);
    return () => {
      if (!readers.delete(wake)) return false;
      if (readers.size === 0 && this.#logs.has(conversationId)) this.#linger(conversationId);
      return true;
    };
  }

  wake(): void {
    for (const followed of this.#logs.values()) followed.wake();
  }

  close(): void {
    for (const timer of this.#leaving.values()) clearTimeout(timer);
    for (const followed of this.#logs.values()) followed.close();
    this.#leaving.clear();
    this.#logs.clear();
  }

  #begin(conversationId: string): FollowedLog {
    const { connection, names } = this.#options;
    const keys = [names.log(conversationId)];
    return new FollowedLog({
      channels: connection.channels,
      channel: names.channel(conversationId),
      fetch: async ({ epoch, sequence }: LogPosition) =>
        (await READ.run(connection.commands, keys, [epoch, sequence, PAGE_SIZE])) as LogPage,
      onGrown: (bytes) => this.#grow(bytes),
    });
  }

  #linger(conversationId: string): void {
    const leave = () => {
      this.#leaving.delete(conversationId);
      this.#logs.get(conversationId)?.close();
      this.#logs.delete(conversationId);
    };
    clearTimeout(this.#leaving.get(conversationId));
    this.#leaving.set(conversationId, setTimeout(leave, LINGER_MS).unref());
  }

  /** Whatever is dropped here can be read again in Redis. */
  #grow(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#options.maxBytes) for (const followed of this.#logs.values()) followed.shrink(KEPT_EVENTS);
  }
}
