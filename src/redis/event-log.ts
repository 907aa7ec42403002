import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import {
  type AnnouncedTurn,
  type BegunTurn,
  type EventLog,
  FORGOTTEN,
  isFinal,
  type LogEvent,
  type LogPosition,
  type LogRead,
  type LogState,
} from '../turns/event-log.ts';
import type { RedisConnection } from './connection.ts';
import { UNBEGUN, unbare } from './entries.ts';
import { FollowedLogs } from './followed-logs.ts';
import { LogNames, newEpoch } from './log-names.ts';
import { BEGUN_BEFORE, LogWriter } from './log-writer.ts';
import { Reach } from './reach.ts';
import { Script } from './script.ts';

const STATE = new Script('state.lua');

/** How often a reader looks at the database while Redis is away, in milliseconds: between the one and the other. */
const OUTSIDE_MS = [1000, 3000] as const;
const CLOSE_PATIENCE_MS = 1000;

export interface RedisEventLogOptions {
  connection: RedisConnection;
  log: Logger;
  /** Bound of what this process keeps of the logs it follows, in bytes; and of what it has to write while Redis is away. */
  maxBytes: number;
  /** How long a conversation's events are kept after its last one, in milliseconds. */
  retentionMs?: number;
}

/**
 * The event log of any number of processes: one log for each conversation, in Redis. While Redis is away nobody waits for it: readers
 * find gaps, and what is gone from the log is still in the database.
 */
export class RedisEventLog implements EventLog {
  readonly doubtAfterMs = 6000;
  closed = false;
  readonly #connection: RedisConnection;
  readonly #log: Logger;
  readonly #retentionMs: number;
  readonly #names: LogNames;
  readonly #reach: Reach;
  readonly #writer: LogWriter;
  readonly #logs: FollowedLogs;
  readonly #left = Promise.withResolvers<void>();
  readonly #stopWatching: () => void;
  #readers = 0;

  constructor({ connection, log, maxBytes, retentionMs = 3_600_000 }: RedisEventLogOptions) {
    this.#connection = connection;
    this.#log = log;
    this.#retentionMs = retentionMs;
    this.#names = new LogNames(connection);
    this.#reach = new Reach(connection);
    this.#logs = new FollowedLogs({ connection, names: this.#names, maxBytes });
    const [names, reach] = [this.#names, this.#reach];
    this.#writer = new LogWriter({ connection, reach, names, log, maxLength: maxBytes / 4, retentionMs });
    this.#reach.onChange(() => this.#logs.wake());
    this.#stopWatching = connection.onChange(() => connection.run !== null && this.#logs.wake());
  }

  /** How much is kept now, in bytes, roughly. */
  get bytes(): number {
    return this.#logs.bytes;
  }

  /** How many subscriptions there are now. */
  get readers(): number {
    return this.#readers;
  }

  append(conversationId: string, event: LogEvent): void {
    this.#writer.append(conversationId, event);
    // Its end is in the database: whoever waits outside can look now.
    if (this.#reach.away && isFinal(event)) this.#logs.find(conversationId)?.wake();
  }

  announce(conversationId: string, { id, number, messageId }: AnnouncedTurn): void {
    this.append(conversationId, { type: 'MessageReceived', messageId, turnId: id, turnNumber: number });
  }

  read(conversationId: string, after: LogPosition): LogRead | Promise<LogRead> {
    const followed = this.#logs.follow(conversationId);
    const events = followed.behind(after);
    if (events !== null && (events.length > 0 || !this.#reach.away)) {
      // Who has subscribed is woken when what waits to be written has been; anybody else waits for it here.
      const complete = events.length > 0 || followed.readers.size > 0 || !this.#writer.flushed(conversationId);
      if (complete) return { gap: false, events };
    }
    return this.#readBehind(conversationId, after);
  }

  async state(conversationId: string): Promise<LogState> {
    const found = await this.#ask(conversationId, async () => {
      const { run } = this.#connection;
      const args = [newEpoch(), run ?? '', this.#retentionMs];
      return (await STATE.run(this.#connection.commands, [this.#names.log(conversationId)], args)) as
        | [string, number, number]
        | [string, number, number, string, number, string];
    });
    if (!found) return this.#stateOutside(conversationId);
    const [epoch, sequence, newestTurn, turnId, turnNumber, text] = found;
    const running =
      turnId === undefined ? null : { turnId, turnNumber: turnNumber as number, text: unbare(text as string) };
    return { position: { epoch, sequence }, newestTurn, running };
  }

  async startOf(
    conversationId: string,
    { id, number }: Pick<AnnouncedTurn, 'id' | 'number'>,
  ): Promise<LogPosition | null> {
    const name = this.#names.log(conversationId);
    return this.#ask(conversationId, async () => {
      const known = this.#writer.startOf(id);
      if (known) return known;
      const [epoch, start] = await this.#connection.commands.hmget(name, 'epoch', `start:${number}`);
      return epoch && start && start !== BEGUN_BEFORE ? { epoch, sequence: Number(start) - 1 } : null;
    });
  }

  async takeOver(conversationId: string, turn: BegunTurn): Promise<string | null> {
    if (!(await this.#reach.isHere())) return null;
    const taken = await this.#writer.order(conversationId, 'take', turn);
    return taken?.text == null ? null : unbare(taken.text);
  }

  subscribe(conversationId: string, wake: () => void): () => void {
    const leave = this.#logs.join(conversationId, wake);
    this.#readers += 1;
    return () => {
      if (!leave()) return;
      this.#readers -= 1;
      if (this.closed && this.#readers === 0) this.#left.resolve();
    };
  }

  forget(conversationId: string): void {
    void this.#writer.order(conversationId, 'forget', { id: '', number: 0, attempt: UNBEGUN });
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.#readers === 0) this.#left.resolve();
    this.#logs.wake();
    await Promise.all([this.#left.promise, this.#writer.close(CLOSE_PATIENCE_MS)]);
    this.#stopWatching();
    this.#reach.close();
    this.#logs.close();
  }

  async #readBehind(conversationId: string, after: LogPosition): Promise<LogRead> {
    const followed = this.#logs.follow(conversationId);
    try {
      if (await this.#reach.isHere()) {
        const written = await this.#writer.flushed(conversationId);
        if (written && followed.behind(after)) await followed.until(written.position);
        const events = followed.behind(after);
        return events === null ? await followed.read(after) : { gap: false, events };
      }
    } catch (error) {
      this.#explain(error);
    }
    return this.#readOutside(conversationId, after);
  }

  /** Without Redis: a gap now and then, so that the reader looks at the database. */
  async #readOutside(conversationId: string, after: LogPosition): Promise<LogRead> {
    const [shortest, longest] = OUTSIDE_MS;
    const woken = new AbortController();
    const leave = this.#logs.join(conversationId, () => woken.abort());
    if (!this.closed) {
      const ms = shortest + Math.random() * (longest - shortest);
      await pause(ms, undefined, { signal: woken.signal }).catch(() => undefined);
    }
    leave();
    if (this.closed) return { gap: false, events: [] };
    return this.#reach.away ? { gap: true } : this.read(conversationId, after);
  }

  #stateOutside(conversationId: string): LogState {
    const told = this.#writer.told(conversationId);
    const running = told && { turnId: told.turn.id, turnNumber: told.turn.number, text: told.text };
    return { position: FORGOTTEN, newestTurn: 0, running };
  }

  /** Asks Redis, once what was appended before has been written; null: there is no answer. */
  async #ask<Answer>(conversationId: string, question: () => Promise<Answer>): Promise<Answer | null> {
    try {
      if (!(await this.#reach.isHere())) return null;
      await this.#writer.flushed(conversationId);
      return await question();
    } catch (error) {
      this.#explain(error);
      return null;
    }
  }

  /** That Redis went away is told elsewhere; that it will not answer is not. */
  #explain(error: unknown): void {
    if (error instanceof Error && error.name === 'ReplyError')
      this.#log.warn({ err: error }, 'Redis refused to answer');
  }
}
