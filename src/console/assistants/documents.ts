import { FAULT, graphql } from '../api/graphql.ts';

export const ASSISTANTS = graphql(`query Assistants($after: String) {
  assistants(after: $after) {
    edges { node { id name model languages instructionsVersion updatedAt worker { id name defaultAssistant { id } } } }
    pageInfo { hasNextPage endCursor }
  }
}`);

export const ASSISTANT = graphql(`query AssistantById($id: ID!) {
  assistant(id: $id) {
    id name instructions instructionsVersion model languages contextTokens movesStages updatedAt
    worker { id name defaultAssistant { id } channels { edges { node { id key name } } } }
  }
}`);

export const UPDATE = graphql(
  `mutation UpdateAssistant($input: UpdateAssistantInput!) {
    result: updateAssistant(input: $input) {
      ... on UpdateAssistantPayload { assistant { id instructionsVersion } }
      ...Fault
    }
  }`,
  [FAULT],
);

export const DELETE = graphql(
  `mutation DeleteAssistant($input: DeleteAssistantInput!) {
    result: deleteAssistant(input: $input) { ... on DeleteAssistantPayload { deletedAssistantId } ...Fault }
  }`,
  [FAULT],
);

export const PREVIEW = graphql(`query Preview(
  $identity: IdentityReference!, $channel: ChannelReference!, $text: String!, $asIfStage: StageReference, $instructions: String
) {
  previewPrompt(identity: $identity, channel: $channel, text: $text, asIfStage: $asIfStage, instructions: $instructions) {
    hash messages { role content }
  }
}`);

export const FOUND = graphql(`query FoundIdentities($search: String) {
  identities(first: 8, search: $search) { edges { node { id name externalId stage { id key name assistant { id name } } } } }
}`);
