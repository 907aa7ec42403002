import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { apart } from '../telemetry/scope.ts';
import type { BegunTurn, LogEvent, LogPosition } from '../turns/event-log.ts';
import type { RedisConnection } from './connection.ts';
import { Entry, type EntryKind, type Written } from './entries.ts';
import { type LogNames, MAX_ENTRIES, newEpoch } from './log-names.ts';
import { Outbox } from './outbox.ts';
import type { Reach } from './reach.ts';
import { Script } from './script.ts';

const APPEND = new Script('append.lua');

/** What became of an entry, as append.lua calls it. */
const [DONE, REFUSED, LOST, FAILED] = [1, 2, 3, 4];
/** Where a turn begins that had begun before its message was announced, and one whose message is older than the log. */
export const BEGUN_BEFORE = '-';
const BEHIND_THE_PRESENT = '=';
type Answer = [outcome: number, epoch: string, sequence: number, text?: string];

/** How soon a server is asked again that did not take something. */
const RETRY_MS = 500;
const KNOWN_STARTS = 10_000;

export interface LogWriterOptions {
  connection: RedisConnection;
  reach: Reach;
  names: LogNames;
  log: Logger;
  /** Bound of what waits while Redis is away, in characters. */
  maxLength: number;
  retentionMs: number;
}

/**
 * Writes what this process tells into the logs. One batch, of whatever conversations, is under way at a time; what comes meanwhile goes
 * together in the next one. A batch whose answer is lost is sent again under the same numbers, and not appended twice.
 */
export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #outbox: Outbox;
  readonly #name = randomBytes(9).toString('base64url');
  readonly #stopping = new AbortController();
  /** Where turns begin that this process announced. */
  readonly #starts = new LRUCache<string, LogPosition>({ max: KNOWN_STARTS });
  #batch: Entry[] = [];
  /** The last entry of each conversation in the batch under way, if somebody has asked. */
  #underWay: Map<string, Entry> | null = null;
  #sent = 0;
  #writing: Promise<void> | null = null;
  #warned = false;

  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.#outbox = new Outbox(options.maxLength);
    options.reach.onChange(() => {
      if (!options.reach.away) return;
      for (const entry of this.#batch) entry.settle(null);
      this.#outbox.settleAll();
    });
  }

  append(conversationId: string, event: LogEvent): void {
    this.#outbox.append(conversationId, event);
    this.#begin();
  }

  /** Writes an entry without an event of its own. */
  order(conversationId: string, kind: EntryKind, turn: BegunTurn): Promise<Written | null> {
    const { written } = this.#outbox.add(new Entry(conversationId, kind, turn));
    this.#begin();
    return written;
  }

  /** Resolves once all that was appended to the conversation has been written, or will not be for a while; null: nothing waits. */
  flushed(conversationId: string): Promise<Written | null> | null {
    this.#underWay ??= new Map(this.#batch.map((entry) => [entry.conversationId, entry]));
    return (this.#outbox.last(conversationId) ?? this.#underWay.get(conversationId))?.written ?? null;
  }

  /** The turn that this process runs in a conversation, with its text so far. */
  told(conversationId: string): { turn: BegunTurn; text: string } | null {
    return this.#outbox.told(conversationId);
  }

  startOf(turnId: string): LogPosition | null {
    return this.#starts.get(turnId) ?? null;
  }

  /** Resolves when all that waits has been written, or the time is over, in milliseconds. */
  async close(patienceMs: number): Promise<void> {
    const late = pause(patienceMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    await Promise.race([this.#writing, late]);
    this.#stopping.abort();
    this.#outbox.settleAll();
  }

  #begin(): void {
    // What happens in one turn of the event loop goes together.
    this.#writing ??= apart(() =>
      new Promise((resolve) => setImmediate(resolve))
        .then(() => this.#writeAll())
        .finally(() => {
          this.#writing = null;
        }),
    );
  }

  async #writeAll(): Promise<void> {
    while (this.#outbox.size > 0 && !this.#stopping.signal.aborted) {
      this.#batch = this.#outbox.take();
      this.#underWay = null;
      const answers = await this.#write(this.#batch);
      const batch = this.#batch;
      this.#batch = [];
      this.#underWay = null;
      // From the last to the first: what has to begin anew is put in front of what waits.
      for (let at = batch.length - 1; at >= 0; at -= 1) this.#settle(batch[at] as Entry, answers?.[at]);
    }
  }

  /** Tries until it is written; null when it was given up because this process stops. */
  async #write(batch: Entry[]): Promise<Answer[] | null> {
    const { connection, reach, names, log } = this.#options;
    const first = this.#sent + 1;
    this.#sent += batch.length;
    const keys = batch.map(({ conversationId }) => names.log(conversationId));
    const contents = batch.flatMap(toArguments);
    while (!this.#stopping.signal.aborted) {
      const { run } = connection;
      try {
        if (run !== null) {
          const answers = await APPEND.run(connection.commands, keys, [...this.#head(first, run), ...contents]);
          reach.report(false);
          this.#warned = false;
          return answers as Answer[];
        }
      } catch (error) {
        // The connection is still there: it is the server that will not have it.
        if (connection.run === run) reach.report(true);
        if (!this.#warned) log.warn({ err: error }, 'Events could not be written to Redis; it will be tried again');
        this.#warned = true;
      }
      await this.#chance();
    }
    return null;
  }

  #head(first: number, run: string): (string | number)[] {
    const { names, retentionMs } = this.#options;
    const seconds = Math.floor(Date.now() / 1000);
    return [this.#name, first, run, seconds, retentionMs, MAX_ENTRIES, names.channelEnd];
  }

  /** Waits until it is worth trying again. */
  async #chance(): Promise<void> {
    const trying = new AbortController();
    const stopWatching = this.#options.connection.onChange(() => trying.abort());
    const signal = AbortSignal.any([trying.signal, this.#stopping.signal]);
    await pause(RETRY_MS, undefined, { signal }).catch(() => undefined);
    stopWatching();
  }

  #settle(entry: Entry, answer: Answer | undefined): void {
    const [outcome, epoch = '', sequence = 0, text = null] = answer ?? [];
    const { log } = this.#options;
    const { kind, turn, conversationId } = entry;
    if (outcome === LOST) {
      this.#outbox.beginAnew(entry);
      return;
    }
    if (outcome === REFUSED) {
      log.warn({ turnId: turn.id, conversationId }, 'Another process has gone on with a turn of this one');
      this.#outbox.drop(entry);
    } else if (outcome === FAILED) {
      log.error({ reason: epoch, conversationId }, 'Events could not be written to Redis');
    }
    if (kind === 'announce' && outcome === DONE && text !== BEGUN_BEFORE)
      this.#starts.set(turn.id, { epoch, sequence: text === BEHIND_THE_PRESENT ? sequence : sequence - 1 });
    entry.settle(answer && (outcome === DONE || outcome === 0) ? { position: { epoch, sequence }, text } : null);
  }
}

function toArguments(entry: Entry): (string | number)[] {
  const { kind, turn, content, count, text } = entry;
  return [kind, turn.number, turn.id, turn.attempt, count, content, text, newEpoch()];
}
