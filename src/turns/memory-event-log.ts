import { randomBytes } from 'node:crypto';
import { ConversationLog } from './conversation-log.ts';
import {
  type AnnouncedTurn,
  type EventLog,
  isFinal,
  type LogEvent,
  type LogPosition,
  type LogRead,
  type LogState,
} from './event-log.ts';

const SWEEP_INTERVAL_MS = 60_000;

export interface MemoryEventLogOptions {
  /** Bound over all conversations, in bytes; finished conversations give way first, the longest unused before others. */
  maxBytes: number;
  /** Bound for one conversation, in events. */
  maxEvents?: number;
  /** How long a conversation's events are kept after its last one, in milliseconds. */
  retentionMs?: number;
}

/** The event log of a single process: a bounded array per conversation. */
export class MemoryEventLog implements EventLog {
  readonly #logs = new Map<string, ConversationLog>();
  readonly #maxBytes: number;
  readonly #maxEvents: number;
  readonly #retentionMs: number;
  readonly #process = randomBytes(6).toString('hex');
  readonly #sweeper: NodeJS.Timeout;
  readonly #left = Promise.withResolvers<void>();
  readonly doubtAfterMs = null;
  closed = false;
  #epochs = 0;
  #bytes = 0;
  #readers = 0;

  constructor({ maxBytes, maxEvents = 20_000, retentionMs = 3_600_000 }: MemoryEventLogOptions) {
    this.#maxBytes = maxBytes;
    this.#maxEvents = maxEvents;
    this.#retentionMs = retentionMs;
    this.#sweeper = setInterval(() => this.#dropExpired(), SWEEP_INTERVAL_MS).unref();
  }

  /** How much is kept now, in bytes, roughly. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many subscriptions there are now. */
  get readers(): number {
    return this.#readers;
  }

  append(conversationId: string, event: LogEvent): void {
    const log = this.#logOf(conversationId);
    this.#measured(log, () => log.append(event));
    if (isFinal(event)) {
      // The longest unused come first in the map: they are the first to give way.
      this.#logs.delete(conversationId);
      this.#logs.set(conversationId, log);
    }
    if (log.events.length > this.#maxEvents) this.#dropOldest(log, Math.ceil(this.#maxEvents / 4));
    if (this.#bytes > this.#maxBytes) this.#makeRoom();
    for (const wake of log.readers) wake();
  }

  announce(conversationId: string, { id, number, messageId }: AnnouncedTurn): void {
    if (this.#logs.get(conversationId)?.knows(id)) return;
    this.append(conversationId, { type: 'MessageReceived', messageId, turnId: id, turnNumber: number });
  }

  read(conversationId: string, after: LogPosition): LogRead {
    const log = this.#logs.get(conversationId);
    if (!log || log.epoch !== after.epoch || after.sequence < log.base || after.sequence > log.end)
      return { gap: true };
    return { gap: false, events: after.sequence === log.end ? [] : log.events.slice(after.sequence - log.base) };
  }

  state(conversationId: string): LogState {
    const { epoch, end, newestTurn, running } = this.#logOf(conversationId);
    return {
      position: { epoch, sequence: end },
      newestTurn,
      running: running && { turnId: running.turnId, turnNumber: running.turnNumber, text: running.pieces.join('') },
    };
  }

  startOf(conversationId: string, { id }: Pick<AnnouncedTurn, 'id' | 'number'>): LogPosition | null {
    const log = this.#logs.get(conversationId);
    const sequence = log?.startOf(id) ?? null;
    return log && sequence !== null ? { epoch: log.epoch, sequence } : null;
  }

  /** No other process knows this log, and this one is told by the database that a turn is no longer its own. */
  takeOver(): null {
    return null;
  }

  subscribe(conversationId: string, wake: () => void): () => void {
    const { readers } = this.#logOf(conversationId);
    readers.add(wake);
    this.#readers += 1;
    return () => {
      if (!readers.delete(wake)) return;
      this.#readers -= 1;
      if (this.closed && this.#readers === 0) this.#left.resolve();
    };
  }

  forget(conversationId: string): void {
    const log = this.#logs.get(conversationId);
    if (!log) return;
    this.#drop(conversationId, log);
    if (log.readers.size > 0) this.#logOf(conversationId, log.readers);
    for (const wake of log.readers) wake();
  }

  close(): Promise<void> {
    this.closed = true;
    clearInterval(this.#sweeper);
    if (this.#readers === 0) this.#left.resolve();
    for (const log of this.#logs.values()) for (const wake of log.readers) wake();
    return this.#left.promise;
  }

  #logOf(conversationId: string, readers?: Set<() => void>): ConversationLog {
    let log = this.#logs.get(conversationId);
    if (!log) {
      this.#epochs += 1;
      log = new ConversationLog(`${this.#process}${this.#epochs.toString(36)}`, readers);
      this.#logs.set(conversationId, log);
      this.#bytes += log.bytes;
    }
    return log;
  }

  #measured(log: ConversationLog, change: () => void): void {
    const before = log.bytes;
    change();
    this.#bytes += log.bytes - before;
  }

  #dropOldest(log: ConversationLog, count: number): void {
    this.#measured(log, () => log.dropOldest(count));
  }

  #drop(conversationId: string, log: ConversationLog): void {
    this.#logs.delete(conversationId);
    this.#bytes -= log.bytes;
  }

  /** Somewhat more than is needed, so that not every event has to look for room. */
  #makeRoom(): void {
    const enough = this.#maxBytes * 0.9;
    for (const [conversationId, log] of this.#logs) {
      if (this.#bytes <= enough) return;
      if (log.idle) this.#drop(conversationId, log);
    }
    // Nobody is idle: the running turns themselves fill the room, so their oldest events go.
    for (const log of this.#logs.values()) {
      if (this.#bytes <= enough) return;
      this.#dropOldest(log, Math.ceil(log.events.length / 2));
    }
  }

  #dropExpired(): void {
    const oldest = Date.now() - this.#retentionMs;
    for (const [conversationId, log] of this.#logs) {
      if (log.idle && log.lastEventAt < oldest) this.#drop(conversationId, log);
    }
  }
}
