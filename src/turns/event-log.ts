import type { JsonValue } from '../input.ts';

/** Something that happened in a turn, as the log keeps it: plain data, small, without what the database has. */
export type TurnLogEvent =
  | { type: 'TurnStarted' }
  | { type: 'TurnTokens'; text: string }
  | { type: 'TurnToolCalled'; name: string; arguments: JsonValue; result: JsonValue }
  | { type: 'MemoryRemembered'; key: string; value: JsonValue }
  | { type: 'StageAssigned'; stageId: string }
  | { type: 'TurnCompleted' }
  | { type: 'TurnFailed'; code: string; message: string }
  | { type: 'TurnCancelled' };

/** A message was stored: by a user when a turn begins, or outside any turn. */
export type MessageLogEvent = { type: 'MessageReceived'; messageId: string };

/** An event with the turn it belongs to; what follows a `MessageReceived` of the same turn number is its reply. */
export type LogEvent = (TurnLogEvent | MessageLogEvent) & { turnId: string; turnNumber: number };

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
  append(conversationId: string, event: LogEvent): void;
  /** The events behind a position. Adjacent pieces of text are left as they are; the reader merges them. */
  read(conversationId: string, after: LogPosition): LogRead;
  state(conversationId: string): LogState;
  /** Just before the `MessageReceived` a turn begins with, if the log still has it. */
  startOf(conversationId: string, turnId: string): LogPosition | null;
  /** Calls `wake` after each append until the returned function is called. */
  subscribe(conversationId: string, wake: () => void): () => void;
  /** True once closed: readers end at what they have read. */
  readonly closed: boolean;
  /** Wakes every reader for the last time and frees timers. */
  close(): void;
}

/** Whether this event is the last of its turn. */
export function isFinal(event: { type: string }): boolean {
  return event.type === 'TurnCompleted' || event.type === 'TurnFailed' || event.type === 'TurnCancelled';
}

/** Tells readers of a turn's message, unless they have been told: whoever knows of the turn first does it. */
export function announceTurn(log: EventLog, conversationId: string, turn: { id: string; number: number; messageId: string }): void {
  if (log.startOf(conversationId, turn.id) !== null) return;
  log.append(conversationId, { type: 'MessageReceived', messageId: turn.messageId, turnId: turn.id, turnNumber: turn.number });
}
