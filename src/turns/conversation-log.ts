import { isFinal, type LogEvent, type LoggedEvent } from './event-log.ts';

/** What a log costs besides its events, and an event besides its text, roughly, in bytes. */
const LOG_BYTES = 1000;
const EVENT_BYTES = 120;

/** The recent events of one conversation, in memory. */
export class ConversationLog {
  readonly epoch: string;
  /** Called after each append. */
  readonly readers: Set<() => void>;
  /** The sequence number of the event before the first one kept. */
  base = 0;
  events: LoggedEvent[] = [];
  running: { turnId: string; turnNumber: number; pieces: string[]; length: number } | null = null;
  newestTurn = 0;
  bytes = LOG_BYTES;
  lastEventAt = Date.now();
  /** Where each turn was announced; kept until its end is gone, so that no turn is announced twice. */
  readonly #starts = new Map<string, number>();

  constructor(epoch: string, readers = new Set<() => void>()) {
    this.epoch = epoch;
    this.readers = readers;
  }

  get end(): number {
    return this.base + this.events.length;
  }

  /** Nobody would notice if it were gone. */
  get idle(): boolean {
    return this.running === null && this.readers.size === 0;
  }

  append(event: LogEvent): void {
    const offset = this.#follow(event);
    const sequence = this.end + 1;
    const logged = withPlace(event, sequence, offset);
    this.events.push(logged);
    this.bytes += sizeOf(logged);
    this.lastEventAt = Date.now();
    if (event.type === 'TurnTokens') return;
    if (event.turnId !== null) this.newestTurn = Math.max(this.newestTurn, event.turnNumber);
    if (event.type === 'MessageReceived' && event.turnId !== null) this.#starts.set(event.turnId, sequence);
    // A turn that was cancelled in the queue ends while another one runs.
    if (isFinal(event) && this.running?.turnId === event.turnId) this.running = null;
  }

  knows(turnId: string): boolean {
    return this.#starts.has(turnId);
  }

  /** The sequence number in front of a turn's message; null when that event is gone. */
  startOf(turnId: string): number | null {
    const start = this.#starts.get(turnId);
    return start !== undefined && start > this.base ? start - 1 : null;
  }

  dropOldest(count: number): void {
    for (const event of this.events.splice(0, count)) {
      this.bytes -= sizeOf(event);
      if (event.turnId !== null && isFinal(event)) this.#starts.delete(event.turnId);
    }
    this.base += count;
  }

  /** Keeps up with the turn that runs; tells how long its reply is, 0 for another turn. */
  #follow(event: LogEvent): number {
    const { turnNumber } = event;
    if (event.type === 'TurnStarted') this.running = { turnId: event.turnId, turnNumber, pieces: [], length: 0 };
    if (this.running?.turnId !== event.turnId) return 0;
    if (event.type === 'TurnTokens') {
      this.running.pieces.push(event.text);
      this.running.length += event.text.length;
    }
    return this.running.length;
  }
}

/** Written out for the event of every token, which copying member by member would make dearer than all else here. */
function withPlace(event: LogEvent, sequence: number, offset: number): LoggedEvent {
  if (event.type !== 'TurnTokens') return { ...event, sequence, offset };
  const { type, text, turnId, turnNumber, attempt } = event;
  return { type, text, turnId, turnNumber, attempt, sequence, offset };
}

/** What an event takes in memory, roughly, in bytes. */
export function sizeOf(event: LoggedEvent): number {
  if (event.type === 'TurnTokens') return EVENT_BYTES + event.text.length;
  if (event.type === 'TurnToolCalled') return EVENT_BYTES + lengthOf(event.arguments) + lengthOf(event.result);
  return event.type === 'MemoryRemembered' ? EVENT_BYTES + lengthOf(event.value) : EVENT_BYTES;
}

function lengthOf(value: unknown): number {
  return JSON.stringify(value)?.length ?? 0;
}
