import type { Caller, TestApp } from './app.ts';
import { type Subscription, subscribe } from './subscription.ts';

export const CONVERSATION_EVENTS = `subscription ($id: ID!, $after: String) {
  conversationEvents(conversationId: $id, after: $after) {
    __typename cursor
    ... on ConversationSnapshot { messages { id role text turn { id } } activeTurn { id } textSoFar }
    ... on MessageReceived { message { id } }
    ... on TurnEvent { turnId }
    ... on TurnTokens { text }
    ... on StreamGap { text }
  }
}`;

const ENDS = new Set(['TurnCompleted', 'TurnFailed', 'TurnCancelled']);

/** What a client makes of the events of a conversation. */
export class ConversationText {
  /** The ids of the users' messages, as often as they were told. */
  readonly messages: string[] = [];
  /** What was said in each turn. */
  readonly replies = new Map<string, string>();
  readonly ended = new Set<string>();
  readonly types: string[] = [];
  cursor: string | null;

  constructor(after: string | null = null) {
    this.cursor = after;
  }

  // biome-ignore lint/suspicious/noExplicitAny: events are read by tests, which know their shape
  take(event: any): void {
    const { __typename: type, cursor, turnId, text, message } = event;
    this.types.push(type);
    this.cursor = cursor;
    if (type === 'ConversationSnapshot') this.#takeSnapshot(event);
    if (type === 'MessageReceived') this.messages.push(message.id);
    if (type === 'TurnStarted') this.replies.set(turnId, '');
    if (type === 'TurnTokens') this.replies.set(turnId, (this.replies.get(turnId) ?? '') + text);
    if (type === 'StreamGap') this.replies.set(turnId, text);
    if (ENDS.has(type)) this.ended.add(turnId);
  }

  #takeSnapshot({ messages, activeTurn, textSoFar }: Snapshot): void {
    // It takes the place of all that was told before.
    this.messages.length = 0;
    this.replies.clear();
    for (const { id, role, text, turn } of messages) {
      if (role === 'USER') this.messages.push(id);
      if (role !== 'ASSISTANT') continue;
      this.replies.set(turn.id, text);
      this.ended.add(turn.id);
    }
    if (activeTurn) this.replies.set(activeTurn.id, textSoFar);
  }
}

/** A client that reads event by event. */
export class ConversationReader extends ConversationText {
  readonly #events: Subscription;

  private constructor(events: Subscription, after: string | null) {
    super(after);
    this.#events = events;
  }

  static async open(
    app: TestApp,
    id: string,
    after: string | null = null,
    caller: Caller = app,
  ): Promise<ConversationReader> {
    return new ConversationReader(await subscribe(app, caller, CONVERSATION_EVENTS, { id, after }), after);
  }

  /** Takes the next event; its type, or null at the end. */
  async next(): Promise<string | null> {
    const event = (await this.#events.next())?.conversationEvents;
    if (!event) return null;
    this.take(event);
    return event.__typename;
  }

  async until(done: () => boolean): Promise<this> {
    while (!done()) if ((await this.next()) === null) break;
    return this;
  }

  leave(): Promise<void> {
    return this.#events.leave();
  }
}

interface Snapshot {
  messages: { id: string; role: string; text: string; turn: { id: string } }[];
  activeTurn: { id: string } | null;
  textSoFar: string;
}
