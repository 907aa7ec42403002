/** What a chat client sends, and what it selects of the events. */
export const SEND_MESSAGE = `mutation ($identity: String!, $channel: String!, $text: String!) {
  sendMessage(input: { identity: { externalId: $identity }, channel: { key: $channel }, text: $text }) {
    ... on SendMessagePayload { cursor turn { id } }
    ... on UserError { code error: message }
  }
}`;

export const TURN_EVENTS = `subscription ($turn: ID!, $after: String) {
  turnEvents(turnId: $turn, after: $after) {
    __typename
    cursor
    ... on TurnTokens { text }
    ... on TurnFailed { code message }
  }
}`;

export const CONVERSATION_EVENTS = `subscription ($conversation: ID!) {
  conversationEvents(conversationId: $conversation) {
    __typename
    cursor
    ... on TurnTokens { text }
  }
}`;

/** The variables with which TURN_EVENTS follows what SEND_MESSAGE began; throws what was answered instead. */
export function toTurn(payload: { data?: Record<string, unknown> | null } | undefined): {
  turn: string;
  after: string;
} {
  const sent = payload?.data?.sendMessage as { cursor?: string; turn?: { id: string } } | undefined;
  if (!sent?.turn || !sent.cursor) throw new Error(`sendMessage answered ${JSON.stringify(payload)}`);
  return { turn: sent.turn.id, after: sent.cursor };
}

/** The text an event brings, if any; throws when it says that the turn has failed. */
export function textOf(payload: { data?: Record<string, unknown> | null }): string {
  const event = payload.data?.turnEvents as { __typename: string; text?: string } | undefined;
  if (!event || event.__typename === 'TurnFailed') throw new Error(`turnEvents told ${JSON.stringify(payload)}`);
  return event.text ?? '';
}
