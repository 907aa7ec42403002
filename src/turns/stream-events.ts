import type { Message, Turn } from '../generated/prisma/client.ts';
import type { LoggedEvent, MessageLogEvent, TurnLogEvent } from './event-log.ts';

/** What a reader of a turn or a conversation is given: an event and the cursor behind it. */
export type StreamEvent = Positioned & (TurnStreamEvent | ConversationOnlyEvent);

interface Positioned {
  /** Where to go on after this event. */
  readonly cursor: string;
}

export type TurnStreamEvent = { readonly turnId: string } & (TurnLogEvent | { type: 'StreamGap'; text: string });

/** What only readers of the whole conversation are given. */
export type ConversationOnlyEvent =
  | Readonly<MessageLogEvent>
  | { type: 'ConversationSnapshot'; messages: Message[]; activeTurn: Turn | null; textSoFar: string };

/** Text is merged up to about so many characters: a reader far behind must not be sent more at once than a socket holds. */
const MAX_MERGED_LENGTH = 32_768;

/** A stretch of events as readers are given it: adjacent pieces of text become one. */
export function toStreamEvents(
  events: readonly LoggedEvent[],
  cursorOf: (event: LoggedEvent) => string,
  wanted: (event: LoggedEvent) => boolean,
): StreamEvent[] {
  const merged: StreamEvent[] = [];
  let text = '';
  for (let index = 0; index < events.length; index += 1) {
    const event = events[index] as LoggedEvent;
    if (!wanted(event)) continue;
    if (event.type !== 'TurnTokens') {
      const { sequence: _sequence, offset: _offset, turnNumber: _turnNumber, ...rest } = event;
      merged.push({ ...rest, cursor: cursorOf(event) } as StreamEvent);
      continue;
    }
    text += event.text;
    const next = events[index + 1];
    if (text.length < MAX_MERGED_LENGTH && next?.type === 'TurnTokens' && next.turnId === event.turnId) continue;
    merged.push({ type: 'TurnTokens', turnId: event.turnId, text, cursor: cursorOf(event) });
    text = '';
  }
  return merged;
}
