import type { ResultOf } from 'gql.tada';
import { asWritten } from '../identities/memory-value.ts';
import type { EVENTS, HISTORY } from './documents.ts';

export type Said = NonNullable<ResultOf<typeof HISTORY>['conversation']>['messages']['edges'][number]['node'];
export type ConversationEvent = ResultOf<typeof EVENTS>['conversationEvents'];
type Snapshot = Extract<ConversationEvent, { __typename: 'ConversationSnapshot' }>;
type TurnStatus = NonNullable<Said['turn']>['status'];

/** What is known of a turn besides its messages. */
export interface TurnState {
  status: TurnStatus;
  /** What was said of a reply that is not stored yet. */
  text: string;
  error: { code: string; message: string } | null;
  /** What the assistant did meanwhile, in words. */
  notes: readonly string[];
}

/** A conversation as it is shown: what was said, in order, and how its turns stand. */
export interface Transcript {
  messages: readonly Said[];
  turns: Readonly<Record<string, TurnState>>;
  /** Messages between those known before and a snapshot are missing: the history is to be read again. */
  torn: boolean;
}

export const EMPTY: Transcript = { messages: [], turns: {}, torn: false };

/** The transcript after an event of the conversation. Being told something twice changes nothing. */
export function tell(transcript: Transcript, event: ConversationEvent): Transcript {
  switch (event.__typename) {
    case 'ConversationSnapshot':
      return takeSnapshot(transcript, event);
    case 'MessageReceived':
      return event.said ? addMessage(transcript, event.said) : transcript;
    case 'TurnStarted':
      return changeTurn(transcript, event.turnId, { status: 'RUNNING', text: '', notes: [] });
    case 'TurnTokens':
      return changeTurn(transcript, event.turnId, { text: (transcript.turns[event.turnId]?.text ?? '') + event.text });
    case 'StreamGap':
      return changeTurn(transcript, event.turnId, { text: event.text });
    case 'TurnToolCalled':
      return note(transcript, event.turnId, wordsForTool(event));
    case 'MemoryRemembered':
      return note(transcript, event.turnId, `Remembered ${event.key} = ${asWritten(event.value)}`);
    case 'StageAssigned':
      return note(transcript, event.turnId, `Moved to ${event.stage.name}`);
    case 'TurnCompleted':
      return end(transcript, event.turnId, 'COMPLETED', event.reply);
    case 'TurnCancelled':
      return end(transcript, event.turnId, 'CANCELLED', event.turn.reply);
    case 'TurnFailed': {
      const { code, message, turnId, turn } = event;
      return end(transcript, turnId, 'FAILED', turn.reply, { code, message });
    }
    default:
      return transcript;
  }
}

/** The transcript with a message that came; a turn it begins waits. */
function addMessage(transcript: Transcript, message: Said): Transcript {
  if (transcript.messages.some(({ id }) => id === message.id)) return transcript;
  const { turn } = message;
  const messages = [...transcript.messages, message];
  if (!turn || transcript.turns[turn.id]) return { ...transcript, messages };
  return changeTurn({ ...transcript, messages }, turn.id, { status: turn.status, error: turn.error });
}

/** The transcript with an earlier part of the conversation in front. */
export function prepend(transcript: Transcript, earlier: readonly Said[]): Transcript {
  const known = new Set(transcript.messages.map(({ id }) => id));
  return { ...transcript, messages: [...earlier.filter(({ id }) => !known.has(id)), ...transcript.messages] };
}

/** How a turn stands: as it was last told, else as its message had it. */
export function stateOf({ turns }: Transcript, turn: NonNullable<Said['turn']>): TurnState {
  return turns[turn.id] ?? { status: turn.status, error: turn.error, text: '', notes: [] };
}

/** The turns that run or wait, in order. */
export function openTurns(transcript: Transcript): string[] {
  const begun = transcript.messages.flatMap(({ turn }) => (turn ? [turn] : []));
  const all = new Map(begun.map((turn) => [turn.id, stateOf(transcript, turn).status]));
  for (const [id, { status }] of Object.entries(transcript.turns)) all.set(id, status);
  return [...all].filter(([, status]) => status === 'RUNNING' || status === 'QUEUED').map(([id]) => id);
}

function takeSnapshot(
  { messages: known, turns }: Transcript,
  { messages, activeTurn, textSoFar }: Snapshot,
): Transcript {
  const told = new Set(messages.map(({ id }) => id));
  const remembered = new Set(known.map(({ id }) => id));
  const overlap = messages.findIndex(({ id }) => remembered.has(id));
  const earlier = overlap === -1 ? [] : known.filter(({ id }) => !told.has(id));
  // Older ones than those known are left to be read on demand, so that none is left out between.
  const later = messages.slice(Math.max(0, overlap));
  // What the snapshot says of a turn is newer; what the assistant did in it stays.
  const fresh = Object.fromEntries(
    messages.flatMap(({ turn }) =>
      turn ? [[turn.id, { status: turn.status, error: turn.error, text: '', notes: turns[turn.id]?.notes ?? [] }]] : [],
    ),
  );
  const transcript = {
    messages: [...earlier, ...later],
    turns: { ...turns, ...fresh },
    torn: known.length > 0 && overlap === -1,
  };
  return activeTurn
    ? changeTurn(transcript, activeTurn.id, { status: activeTurn.status, text: textSoFar })
    : transcript;
}

function changeTurn(transcript: Transcript, id: string, change: Partial<TurnState>): Transcript {
  const before = transcript.turns[id] ?? { status: 'QUEUED', text: '', error: null, notes: [] };
  return { ...transcript, turns: { ...transcript.turns, [id]: { ...before, ...change } } };
}

function note(transcript: Transcript, id: string, words: string | null): Transcript {
  if (words === null) return transcript;
  return changeTurn(transcript, id, { notes: [...(transcript.turns[id]?.notes ?? []), words] });
}

function end(
  transcript: Transcript,
  id: string,
  status: TurnStatus,
  reply: Said | null,
  error: TurnState['error'] = null,
): Transcript {
  const ended = changeTurn(transcript, id, { status, error, text: '' });
  if (!reply || ended.messages.some((message) => message.id === reply.id)) return ended;
  // Behind its own message, also when others wait behind that.
  const place = ended.messages.findLastIndex(({ turn }) => turn?.id === id) + 1 || ended.messages.length;
  return { ...ended, messages: ended.messages.toSpliced(place, 0, reply) };
}

/** What a tool did that is not told by an event of its own; null for the others. */
function wordsForTool(call: { name: string; arguments: unknown; result: unknown }): string | null {
  const { error } = (call.result ?? {}) as { error?: unknown };
  if (error !== undefined) return `Tried ${call.name}: ${String(error)}`;
  return call.name === 'forget' ? `Forgot ${String((call.arguments as { key?: unknown } | null)?.key)}` : null;
}
