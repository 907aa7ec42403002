import type { TestApp } from './app.ts';
import { hold, reply } from './scripted-model.ts';

/** One subscription, whatever carries it. */
export interface Following {
  /** The next event; undefined at the end. Throws what the server answered instead of events. */
  // biome-ignore lint/suspicious/noExplicitAny: events are read by tests, which know their shape
  next(): Promise<any>;
  /** Leaves it, whether or not an event is being waited for. */
  leave(): Promise<void>;
}

/** Begins a subscription whose only field is called `event`; resolves when it has been sent. */
export type Follow = (document: string, variables?: Record<string, unknown>, credential?: string) => Promise<Following>;

/** Instead of events: the errors of the result. */
export class RefusedError extends Error {
  readonly code: string | undefined;

  constructor(errors: readonly { message: string; extensions?: Record<string, unknown> | undefined }[]) {
    super(errors[0]?.message);
    this.code = errors[0]?.extensions?.code as string | undefined;
  }
}

export const TURN_EVENTS = `subscription ($turnId: ID!, $after: String) {
  event: turnEvents(turnId: $turnId, after: $after) {
    __typename turnId cursor
    ... on TurnTokens { text }
    ... on TurnToolCalled { name arguments result }
    ... on MemoryRemembered { key value }
    ... on StageAssigned { stage { key } }
    ... on TurnCompleted { turn { status } reply { id text } }
    ... on TurnFailed { code message turn { status error { code } } }
    ... on TurnCancelled { turn { status reply { text } } }
  }
}`;

export const CONVERSATION_EVENTS = `subscription ($conversationId: ID!, $after: String) {
  event: conversationEvents(conversationId: $conversationId, after: $after) {
    __typename cursor
    ... on TurnEvent { turnId }
    ... on TurnTokens { text }
    ... on ConversationSnapshot { messages { role text } activeTurn { id } textSoFar }
    ... on MessageReceived { began: turnId message { role text } }
    ... on TurnCompleted { reply { text } }
  }
}`;

/** Everything up to the end. */
export async function all(following: Following) {
  const events = [];
  for (let event = await following.next(); event !== undefined; event = await following.next()) events.push(event);
  return events;
}

/** Everything up to the first event of this kind. */
export async function until(following: Following, kind: string) {
  const events = [];
  for (;;) {
    const event = await following.next();
    if (event === undefined) throw new Error(`The subscription ended before ${kind}.`);
    events.push(event);
    if (event.__typename === kind) return events;
  }
}

/** Everything up to the point at which the pieces make this text. */
export async function untilText(following: Following, text: string) {
  const events: Awaited<ReturnType<typeof until>> = [];
  while (textOf(events) !== text) events.push(...(await until(following, 'TurnTokens')));
  return events;
}

/** The pieces of the reply, put together. */
export function textOf(events: { __typename: string; text?: string }[]): string {
  return events.map(({ __typename, text }) => (__typename === 'TurnTokens' ? text : '')).join('');
}

export const kindsOf = (events: { __typename: string }[]): string[] => events.map(({ __typename }) => __typename);

/** Lets the model say the pieces up to a hold, and the rest once it is released. */
export function halfReply({ model }: TestApp, userText: string, first: string[], second: string[]) {
  const place = hold();
  model.when(userText, reply.text(...first, place, ...second));
  return place;
}
