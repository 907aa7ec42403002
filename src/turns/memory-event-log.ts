import { randomBytes } from 'node:crypto';
import { type EventLog, isFinal, type LogEvent, type LoggedEvent, type LogPosition, type LogRead, type LogState } from './event-log.ts';

/** What an event costs besides its text, roughly, in bytes. */
const EVENT_BYTES = 120;
const SWEEP_INTERVAL_MS = 60_000;

export interface MemoryEventLogOptions {
  /** Bound over all conversations, in bytes; finished conversations give way first, the longest unused before others. */
  maxBytes: number;
  /** Bound for one conversation, in events. */
  maxEvents?: number;
  /** How long a conversation's events are kept after its last one, in milliseconds. */
  retentionMs?: number;
}

/** The log of one conversation. */
class ConversationLog {
  readonly epoch: string;
  /** The sequence number of the event before the first one kept. */
  base = 0;
  events: LoggedEvent[] = [];
  /** Where each turn that is still whole begins. */
  readonly starts = new Map<string, number>();
  readonly readers = new Set<() => void>();
  running: { turnId: string; turnNumber: number; pieces: string[]; length: number } | null = null;
  bytes = 0;
  lastEventAt = Date.now();

  constructor(epoch: string) {
    this.epoch = epoch;
  }

  get end(): number {
    return this.base + this.events.length;
  }

  get idle(): boolean {
    return this.running === null && this.readers.size === 0;
  }
}

/** The event log of a single process: a bounded array per conversation. */
export class MemoryEventLog implements EventLog {
  readonly #logs = new Map<string, ConversationLog>();
  readonly #maxBytes: number;
  readonly #maxEvents: number;
  readonly #retentionMs: number;
  readonly #process = randomBytes(6).toString('hex');
  readonly #sweeper: NodeJS.Timeout;
  closed = false;
  #epochs = 0;
  #bytes = 0;

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

  append(conversationId: string, event: LogEvent): void {
    const log = this.#logOf(conversationId);
    this.#follow(log, event);
    const offset = log.running?.turnId === event.turnId ? log.running.length : 0;
    const sequence = log.end + 1;
    log.events.push({ ...event, sequence, offset });
    if (event.type === 'MessageReceived') log.starts.set(event.turnId, sequence);
    this.#grow(log, EVENT_BYTES + (event.type === 'TurnTokens' ? event.text.length : 0));
    log.lastEventAt = Date.now();
    if (isFinal(event)) {
      log.running = null;
      // The longest unused come first in the map: they are the first to give way.
      this.#logs.delete(conversationId);
      this.#logs.set(conversationId, log);
    }
    if (log.events.length > this.#maxEvents) this.#dropOldest(log, Math.ceil(this.#maxEvents / 4));
    if (this.#bytes > this.#maxBytes) this.#makeRoom();
    for (const wake of log.readers) wake();
  }

  read(conversationId: string, after: LogPosition): LogRead {
    const log = this.#logs.get(conversationId);
    if (!log || log.epoch !== after.epoch || after.sequence < log.base || after.sequence > log.end) return { gap: true };
    return { gap: false, events: after.sequence === log.end ? [] : log.events.slice(after.sequence - log.base) };
  }

  state(conversationId: string): LogState {
    const log = this.#logOf(conversationId);
    const running = log.running && { turnId: log.running.turnId, turnNumber: log.running.turnNumber, text: log.running.pieces.join('') };
    return { position: { epoch: log.epoch, sequence: log.end }, running };
  }

  startOf(conversationId: string, turnId: string): LogPosition | null {
    const log = this.#logs.get(conversationId);
    const start = log?.starts.get(turnId);
    return log && start !== undefined ? { epoch: log.epoch, sequence: start - 1 } : null;
  }

  subscribe(conversationId: string, wake: () => void): () => void {
    const log = this.#logOf(conversationId);
    log.readers.add(wake);
    return () => log.readers.delete(wake);
  }

  close(): void {
    this.closed = true;
    clearInterval(this.#sweeper);
    for (const log of this.#logs.values()) for (const wake of log.readers) wake();
  }

  #logOf(conversationId: string): ConversationLog {
    let log = this.#logs.get(conversationId);
    if (!log) {
      this.#epochs += 1;
      log = new ConversationLog(`${this.#process}${this.#epochs.toString(36)}`);
      this.#logs.set(conversationId, log);
      this.#grow(log, EVENT_BYTES);
    }
    return log;
  }

  #follow(log: ConversationLog, event: LogEvent): void {
    if (event.type === 'TurnStarted') log.running = { turnId: event.turnId, turnNumber: event.turnNumber, pieces: [], length: 0 };
    if (event.type === 'TurnTokens' && log.running) {
      log.running.pieces.push(event.text);
      log.running.length += event.text.length;
    }
  }

  #grow(log: ConversationLog, bytes: number): void {
    log.bytes += bytes;
    this.#bytes += bytes;
  }

  #dropOldest(log: ConversationLog, count: number): void {
    for (const event of log.events.splice(0, count)) {
      this.#grow(log, -EVENT_BYTES - (event.type === 'TurnTokens' ? event.text.length : 0));
      if (event.type === 'MessageReceived') log.starts.delete(event.turnId);
    }
    log.base += count;
  }

  #drop(conversationId: string, log: ConversationLog): void {
    this.#logs.delete(conversationId);
    this.#bytes -= log.bytes;
  }

  #makeRoom(): void {
    for (const [conversationId, log] of this.#logs) {
      if (this.#bytes <= this.#maxBytes) return;
      if (log.idle) this.#drop(conversationId, log);
    }
    // Nobody is idle: the running turns themselves fill the room, so their oldest events go.
    for (const log of this.#logs.values()) {
      if (this.#bytes <= this.#maxBytes) return;
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
