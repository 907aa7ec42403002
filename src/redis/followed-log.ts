import { sizeOf } from '../turns/conversation-log.ts';
import type { LoggedEvent, LogPosition, LogRead } from '../turns/event-log.ts';
import type { Channels, Listener } from './channels.ts';
import { decode } from './entries.ts';

/** How much of one log is kept; readers further behind ask Redis. */
const MAX_EVENTS = 4096;
const MAX_EARLY = 1000;
const NOTHING: readonly LoggedEvent[] = [];

/** A log's last sequence number, then id and content of each entry, as read.lua tells them. */
export type LogPage = [sequence: number, ...entries: string[]];

export interface FollowedLogOptions {
  channels: Channels;
  channel: string;
  fetch(after: LogPosition): Promise<LogPage>;
  /** Told how much more is kept now, in bytes. */
  onGrown(bytes: number): void;
}

/**
 * The end of one log as this process has it. It is read once, however many read it here, and kept up by what comes over the log's
 * channel: each entry as it is appended. What does not join on to the rest has it read again.
 */
export class FollowedLog implements Listener {
  /** Called whenever there may be more, or it has to be read again. */
  readonly readers = new Set<() => void>();
  /** What waits in `until`. */
  readonly #waiting = new Set<() => void>();
  readonly #options: FollowedLogOptions;
  #epoch = '';
  /** The sequence number in front of the first event kept; null: it has to be read. */
  #base: number | null = null;
  #end = 0;
  #events: LoggedEvent[] = [];
  #bytes = 0;
  /** What came over the channel while it was being read. */
  #early: string[] = [];
  /** How often everything was dropped. */
  #drops = 0;
  /** By position. */
  readonly #readings = new Map<string, Promise<LogRead>>();

  constructor(options: FollowedLogOptions) {
    this.#options = options;
    options.channels.open(options.channel, this);
  }

  /** The events behind a position; null: Redis has to be asked. */
  behind({ epoch, sequence }: LogPosition): readonly LoggedEvent[] | null {
    if (this.#base === null || epoch !== this.#epoch || sequence < this.#base || sequence > this.#end) return null;
    return sequence === this.#end ? NOTHING : this.#events.slice(sequence - this.#base);
  }

  /** The events behind a position, from Redis; the first so many of them. Rejects while Redis is away. */
  read(after: LogPosition): Promise<LogRead> {
    const position = `${after.epoch} ${after.sequence}`;
    let reading = this.#readings.get(position);
    if (!reading) {
      reading = this.#read(after).finally(() => {
        this.#readings.delete(position);
        if (this.#readings.size === 0) this.#early = [];
      });
      this.#readings.set(position, reading);
    }
    return reading;
  }

  /** Resolves once everything up to a position has come, or has to be read. */
  until({ epoch, sequence }: LogPosition): Promise<void> {
    const isThere = () => this.#base === null || epoch !== this.#epoch || sequence <= this.#end;
    return new Promise((resolve) => {
      if (isThere()) return resolve();
      const look = () => {
        if (!isThere()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
    });
  }

  hear(message: string): void {
    if (this.#base !== null) this.#join(message);
    else if (this.#readings.size > 0 && this.#early.length < MAX_EARLY) this.#early.push(message);
    this.wake();
  }

  lost(): void {
    this.#drop();
    this.wake();
  }

  wake(): void {
    for (const reader of this.readers) reader();
    for (const look of this.#waiting) look();
  }

  close(): void {
    this.#options.channels.leave(this.#options.channel);
    this.#drop();
    this.wake();
  }

  /** Drops all events but the newest. */
  shrink(keep: number): void {
    if (this.#base === null || this.#events.length <= keep) return;
    const dropped = this.#events.splice(0, this.#events.length - keep);
    this.#base += dropped.length;
    this.#grow(-bytesOf(dropped));
  }

  async #read(after: LogPosition): Promise<LogRead> {
    const { channels, channel, fetch } = this.#options;
    const drops = this.#drops;
    // Before it is read, so that nothing falls between the two.
    await channels.listening(channel);
    const [sequence, ...entries] = await fetch(after);
    if (sequence === -1) return { gap: true };
    const events: LoggedEvent[] = [];
    for (let at = 0; at < entries.length; at += 2)
      events.push(...decode(entries[at + 1] as string, Number.parseInt(entries[at] as string, 10)));
    // The position may be in the middle of the first entry.
    const behind = events.filter((event) => event.sequence > after.sequence);
    if (drops === this.#drops) this.#take(after, behind, sequence);
    return { gap: false, events: behind };
  }

  #take(after: LogPosition, events: LoggedEvent[], sequence: number): void {
    const last = events.at(-1)?.sequence ?? after.sequence;
    const base = this.#base;
    if (base !== null && after.epoch === this.#epoch) {
      if (after.sequence >= base || last < base || this.#events.length + events.length > MAX_EVENTS) return;
      const earlier = events.filter((event) => event.sequence <= base);
      this.#events = [...earlier, ...this.#events];
      this.#base = after.sequence;
      this.#grow(bytesOf(earlier));
    } else if (last === sequence && this.#early.length < MAX_EARLY) {
      this.#drop();
      [this.#epoch, this.#base, this.#end, this.#events] = [after.epoch, after.sequence, sequence, events];
      this.#grow(bytesOf(events));
      for (const message of this.#early) this.#join(message);
    }
  }

  /** Adds an entry if it is the next one. */
  #join(message: string): void {
    const afterEpoch = message.indexOf(' ');
    const afterLast = message.indexOf(' ', afterEpoch + 1);
    const afterCount = message.indexOf(' ', afterLast + 1);
    const epoch = message.slice(0, afterEpoch);
    const last = Number(message.slice(afterEpoch + 1, afterLast));
    const count = Number(message.slice(afterLast + 1, afterCount));
    if (epoch === this.#epoch && last <= this.#end) return;
    if (epoch !== this.#epoch || last - count !== this.#end) {
      this.#drop();
      return;
    }
    const events = decode(message.slice(afterCount + 1), last);
    this.#events.push(...events);
    this.#end = last;
    this.#grow(bytesOf(events));
    if (this.#events.length > MAX_EVENTS) this.shrink(MAX_EVENTS * 0.75);
  }

  #drop(): void {
    this.#drops += 1;
    this.#base = null;
    this.#events = [];
    this.#grow(-this.#bytes);
  }

  #grow(bytes: number): void {
    this.#bytes += bytes;
    this.#options.onGrown(bytes);
  }
}

function bytesOf(events: readonly LoggedEvent[]): number {
  let bytes = 0;
  for (const event of events) bytes += sizeOf(event);
  return bytes;
}
