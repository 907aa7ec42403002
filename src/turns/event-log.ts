import type { JsonValue } from '../input.ts';

/** Something that happened in a turn, as the log keeps it: plain data, small, without what the database has. */
export type TurnLogEvent =
  | { type: 'TurnStarted' }
  | { type: 'TurnTokens'; text: string }
  | { type: 'TurnToolCalled'; name: string; arguments: JsonValue; result: JsonValue }
  | { type: 'MemoryRemembered'; key: string; value: JsonValue }
  | { type: 'StageAssigned'; stageId: string }
  | { type: 'TurnCompleted'; outcome?: TurnOutcome }
  | { type: 'TurnFailed'; code: string; message: string }
  | { type: 'TurnCancelled' };

/** What is stored of a turn beside its text: with it, whoever has read the whole reply needs nothing from the database. */
export interface TurnOutcome {
  replyId: string;
  /** ISO 8601. */
  finishedAt: string;
  /** The key of the stage the identity was in then; null: in none. */
  stageKey: string | null;
  usage: { inputTokens: number; outputTokens: number; exact: boolean } | null;
}

/** A message was stored: by a user when a turn begins, or, with no turn, outside any. */
export type MessageLogEvent = { type: 'MessageReceived'; messageId: string; turnId: string | null };

/**
 * An event with the turn it belongs to; what follows a `MessageReceived` of the same turn is its reply. A message outside any turn
 * bears the number of the newest one. What the process that runs a turn tells of it bears the attempt.
 */
export type LogEvent = ((TurnLogEvent & { turnId: string; attempt?: number | undefined }) | MessageLogEvent) & {
  turnNumber: number;
};

/** An event and where it stands. */
export type LoggedEvent = LogEvent & {
  sequence: number;
  /** How many characters of the turn's reply there are up to and with this event. */
  offset: number;
};

export interface LogPosition {
  epoch: string;
  sequence: number;
}

/** What a conversation's log knows about its present. */
export interface LogState {
  position: LogPosition;
  /** The number of the newest turn it has been told of; 0: of none. */
  newestTurn: number;
  /** The turn that runs, with all of its text so far; null when none does. */
  running: { turnId: string; turnNumber: number; text: string } | null;
}

/** What a read gives: the events behind a position, oldest first, or the word that some of them are gone. */
export type LogRead = { gap: false; events: readonly LoggedEvent[] } | { gap: true };

/**
 * The recent events of every conversation, kept for readers that come late, return or are slow. Readers pull from a
 * position; a subscription only wakes them. What is gone from the log is still in the database.
 */
export interface EventLog {
  /**
   * Adds an event behind all that this process has appended to the conversation before. What bears an attempt that has been taken over
   * is dropped.
   */
  append(conversationId: string, event: LogEvent): void;
  /** Appends the `MessageReceived` of a turn unless the log has had it: whoever knows of the turn first tells of it. */
  announce(conversationId: string, turn: AnnouncedTurn): void;
  /** The events behind a position. Adjacent pieces of text are left as they are; the reader merges them. */
  read(conversationId: string, after: LogPosition): Awaitable<LogRead>;
  state(conversationId: string): Awaitable<LogState>;
  /** Just before the `MessageReceived` a turn begins with, if the log still has it. */
  startOf(conversationId: string, turn: Pick<AnnouncedTurn, 'id' | 'number'>): Awaitable<LogPosition | null>;
  /** Drops from now on what this attempt still tells. Resolves to the text it has shown, if the log knows. */
  takeOver(conversationId: string, turn: BegunTurn): Awaitable<string | null>;
  /** Calls `wake` after each append behind the first read that follows, until the returned function is called. */
  subscribe(conversationId: string, wake: () => void): () => void;
  /** Drops what is kept of a conversation that has been deleted, and wakes its readers: they find a gap. */
  forget(conversationId: string): void;
  /** How much of it this process keeps in memory, in bytes, roughly. */
  readonly bytes: number;
  /**
   * How long a reader waits in silence before it asks the database whether its turn has ended, in milliseconds. Null: never, because every
   * end is appended.
   */
  readonly doubtAfterMs: number | null;
  /** True once closed: readers end at what they have read. */
  readonly closed: boolean;
  /** Wakes every reader for the last time and frees timers; resolves once the last reader has unsubscribed. */
  close(): Promise<void>;
}

/** What a log in memory knows at once, and one elsewhere a moment later. */
export type Awaitable<Value> = Value | Promise<Value>;

/** A turn whose message has been stored. */
export interface AnnouncedTurn {
  id: string;
  number: number;
  messageId: string;
}

/** A turn that some process runs, or ran. */
export interface BegunTurn {
  id: string;
  number: number;
  /** Counts its beginnings. */
  attempt: number;
}

/** In no log: readers behind it are told from the database what they have not seen. */
export const FORGOTTEN: LogPosition = { epoch: '0', sequence: 0 };

/** Whether this event is the last of its turn. */
export function isFinal(event: { type: string }): boolean {
  return event.type === 'TurnCompleted' || event.type === 'TurnFailed' || event.type === 'TurnCancelled';
}
