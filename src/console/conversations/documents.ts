import { FAULT, graphql } from '../api/graphql.ts';

export const CONVERSATIONS = graphql(`query Conversations($after: String, $channel: ChannelReference) {
  conversations(after: $after, channel: $channel) {
    edges { node {
      id lastMessageAt activeTurn { id }
      channel { name }
      identity { id name externalId stage { key name } }
      messages(last: 1) { edges { node { role text } } }
    } }
    pageInfo { hasNextPage endCursor }
  }
}`);

const SAID = graphql(`fragment Said on Message {
  id role text createdAt
  stage { key name }
  turn { id status clientMessageId error { code message } }
}`);

const TALKER = graphql(`fragment Talker on Identity {
  id name externalId stageEnteredAt
  stage { key name }
  memory { id key value }
}`);

export const CONVERSATION = graphql(
  `query ConversationById($id: ID!) {
    conversation(id: $id) { id createdAt summary channel { id key name active } identity { ...Talker } }
  }`,
  [TALKER],
);

export const BEGINNING = graphql(
  `query Beginning($identityId: ID!, $channelKey: String!) {
    identity(by: { id: $identityId }) { ...Talker }
    channel(by: { key: $channelKey }) { id key name active }
    conversations(first: 1, identity: { id: $identityId }, channel: { key: $channelKey }) { edges { node { id } } }
  }`,
  [TALKER],
);

export const HISTORY = graphql(
  `query History($id: ID!, $before: String) {
    conversation(id: $id) {
      messages(last: 25, before: $before) { edges { node { ...Said } } pageInfo { hasPreviousPage startCursor } }
    }
  }`,
  [SAID],
);

export const EVENTS = graphql(
  `subscription ConversationLive($id: ID!, $after: String) {
    conversationEvents(conversationId: $id, after: $after) {
      __typename
      cursor
      ... on ConversationSnapshot { messages { ...Said } activeTurn { id status } textSoFar }
      ... on MessageReceived { said: message { ...Said } }
      ... on TurnEvent { turnId }
      ... on TurnTokens { text }
      ... on StreamGap { text }
      ... on TurnToolCalled { name arguments result }
      ... on MemoryRemembered { key value }
      ... on StageAssigned { stage { key name } }
      ... on TurnCompleted { reply { ...Said } }
      ... on TurnFailed { code message turn { reply { ...Said } } }
      ... on TurnCancelled { turn { reply { ...Said } } }
    }
  }`,
  [SAID],
);

export const SEND = graphql(
  `mutation Send($input: SendMessageInput!) {
    result: sendMessage(input: $input) {
      ... on SendMessagePayload { turn { id conversation { id } } }
      ...Fault
    }
  }`,
  [FAULT],
);

export const CANCEL = graphql(
  `mutation Cancel($input: CancelTurnInput!) {
    result: cancelTurn(input: $input) { ... on CancelTurnPayload { turn { id } } ...Fault }
  }`,
  [FAULT],
);

export const TURN = graphql(`query TurnById($id: ID!) {
  turn(id: $id) {
    id status model instructionsVersion createdAt startedAt firstTokenAt finishedAt
    conversation { id }
    assistant { id name }
    stage { key name }
    error { code message }
    usage { inputTokens outputTokens exact }
    prompt { hash messages { role content } }
  }
}`);
