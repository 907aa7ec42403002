import { type BegunTurn, isFinal, type LogEvent, type LoggedEvent, type LogPosition } from '../turns/event-log.ts';

/** What an entry is to the log; see append.lua. */
export type EntryKind = 'announce' | 'note' | 'start' | 'say' | 'end' | 'reset' | 'take' | 'forget';

/** What became of an entry: where its log is now, and what was asked for. */
export interface Written {
  position: LogPosition;
  text: string | null;
}

/** A message that begins no turn, and the end of a turn that was never begun. */
export const UNBEGUN = -1;
/** Longer pieces of text become events of their own: a reader cannot be given a part of one. */
const MAX_PIECE_LENGTH = 8192;

export function kindOf(event: LogEvent): EntryKind {
  if (event.type === 'MessageReceived') return event.turnId === null ? 'note' : 'announce';
  if (event.type === 'TurnStarted') return 'start';
  return isFinal(event) ? 'end' : 'say';
}

/** A text as JSON without its quotes: such pieces can be joined, wherever the text was cut. */
export function bare(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** The text again. */
export function unbare(text: string): string {
  return JSON.parse(`"${text}"`) as string;
}

/** Some events of one turn that go into the log of their conversation in one piece. */
export class Entry {
  readonly conversationId: string;
  readonly kind: EntryKind;
  readonly turn: BegunTurn;
  /** How many events it has. */
  count = 0;
  /** The text they add to the reply, bare. */
  text = '';
  #content = '';
  #piece = '';
  #offset = 0;
  #written: PromiseWithResolvers<Written | null> | null = null;

  constructor(conversationId: string, kind: EntryKind, turn: BegunTurn) {
    this.conversationId = conversationId;
    this.kind = kind;
    this.turn = turn;
  }

  /** The events as JSON, joined by commas. */
  get content(): string {
    this.#endPiece();
    return this.#content;
  }

  /** Resolves once it has been written; to null when it will not be for a while, or never. */
  get written(): Promise<Written | null> {
    this.#written ??= Promise.withResolvers();
    return this.#written.promise;
  }

  add(event: LogEvent, offset: number): void {
    this.#endPiece();
    const { turnNumber, turnId, attempt: _attempt, ...details } = event as LogEvent & { attempt?: number };
    this.#append(JSON.stringify([turnNumber, turnId, offset, details]));
  }

  /** Adds bare text; what follows upon text becomes one event with it. */
  addText(text: string, offset: number): void {
    this.text += text;
    this.#piece += text;
    this.#offset = offset;
    if (this.#piece.length >= MAX_PIECE_LENGTH) this.#endPiece();
  }

  settle(written: Written | null): void {
    this.#written?.resolve(written);
    this.#written = null;
  }

  #endPiece(): void {
    if (this.#piece === '') return;
    const { number, id } = this.turn;
    this.#append(`[${number},"${id}",${this.#offset},"${this.#piece}"]`);
    this.#piece = '';
  }

  #append(event: string): void {
    this.#content += this.#content === '' ? event : `,${event}`;
    this.count += 1;
  }
}

type Encoded = [turnNumber: number, turnId: string, offset: number, text: string | LogEvent];

/** The events of an entry, numbered up to its last one. */
export function decode(content: string, lastSequence: number): LoggedEvent[] {
  const events = JSON.parse(`[${content}]`) as Encoded[];
  const first = lastSequence - events.length + 1;
  return events.map(([turnNumber, turnId, offset, details], index) => {
    const sequence = first + index;
    return typeof details === 'string'
      ? { type: 'TurnTokens', text: details, turnId, turnNumber, offset, sequence }
      : { ...details, turnId, turnNumber, offset, sequence };
  });
}
