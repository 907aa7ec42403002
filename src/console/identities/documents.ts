import { FAULT, graphql } from '../api/graphql.ts';

export const IDENTITIES = graphql(`query Identities($after: String, $search: String, $stage: StageReference) {
  identities(after: $after, search: $search, stage: $stage) {
    edges { node { id externalId name email phone stageEnteredAt createdAt stage { key name } } }
    pageInfo { hasNextPage endCursor }
  }
}`);

const PROFILE = graphql(`fragment Profile on Identity {
  id externalId name email phone metadata createdAt updatedAt stageEnteredAt
  stage { id key name allowedNext { id } }
}`);

export const IDENTITY = graphql(
  `query IdentityById($id: ID!) {
    identity(by: { id: $id }) {
      ...Profile
      memory { id key value source confidence updatedAt message { conversation { id } } }
      transitions(last: 25) {
        edges { node { id cause createdAt metadata turnId fromStage { key name } toStage { key name } } }
        pageInfo { hasPreviousPage }
      }
      conversations {
        edges { node { id lastMessageAt activeTurn { id } channel { id key name } messages(last: 1) { edges { node { role text } } } } }
      }
    }
  }`,
  [PROFILE],
);

export const MOVES_OF = graphql(`subscription MovesOf($id: ID!, $after: String) {
  stageTransitions(identity: { id: $id }, after: $after) { cursor }
}`);

export const TAKEN = graphql(`query Taken($externalId: String!) {
  identity(by: { externalId: $externalId }) { id }
}`);

export const UPSERT = graphql(
  `mutation Upsert($input: UpsertIdentityInput!) {
    result: upsertIdentity(input: $input) { ... on UpsertIdentityPayload { created identity { id } } ...Fault }
  }`,
  [FAULT],
);

export const ASSIGN = graphql(
  `mutation Assign($input: AssignStageInput!) {
    result: assignStage(input: $input) { ... on AssignStagePayload { identity { id } } ...Fault }
  }`,
  [FAULT],
);

export const ERASE = graphql(
  `mutation Erase($input: DeleteIdentityInput!) {
    result: deleteIdentity(input: $input) {
      ... on DeleteIdentityPayload { erasure { conversations messages turns memoryEntries transitions } }
      ...Fault
    }
  }`,
  [FAULT],
);

export const REMEMBER = graphql(
  `mutation Remember($input: RememberInput!) {
    result: remember(input: $input) { ... on RememberPayload { entry { id } } ...Fault }
  }`,
  [FAULT],
);

export const FORGET = graphql(
  `mutation Forget($input: ForgetInput!) {
    result: forget(input: $input) { ... on ForgetPayload { entry { id } } ...Fault }
  }`,
  [FAULT],
);
