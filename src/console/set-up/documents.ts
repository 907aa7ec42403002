import { FAULT, graphql } from '../api/graphql.ts';

export const STAGES = graphql(`query SetUpStages($after: String, $archived: Boolean) {
  stages(after: $after, includeArchived: $archived) {
    edges { node {
      id key name description metadata archivedAt
      assistant { id name }
      allowedNext { id key name }
      effects {
        __typename
        ... on OpeningMessage { channel { key name } text }
        ... on MoveAfter { seconds stage { key name } }
        ... on Webhook { url secretSet }
      }
    } }
    pageInfo { hasNextPage endCursor }
  }
}`);

export const CREATE_STAGE = graphql(
  `mutation CreateStage($input: CreateStageInput!) {
    result: createStage(input: $input) { ... on CreateStagePayload { stage { id } } ...Fault }
  }`,
  [FAULT],
);

export const UPDATE_STAGE = graphql(
  `mutation UpdateStage($input: UpdateStageInput!) {
    result: updateStage(input: $input) { ... on UpdateStagePayload { stage { id } } ...Fault }
  }`,
  [FAULT],
);

export const ARCHIVE_STAGE = graphql(
  `mutation ArchiveStage($input: ArchiveStageInput!) {
    result: archiveStage(input: $input) { ... on ArchiveStagePayload { stage { id } } ...Fault }
  }`,
  [FAULT],
);

export const CHANNELS = graphql(`query SetUpChannels($after: String) {
  channels(after: $after) {
    edges { node { id key name type active settings worker { id name } } }
    pageInfo { hasNextPage endCursor }
  }
}`);

export const CREATE_CHANNEL = graphql(
  `mutation CreateChannel($input: CreateChannelInput!) {
    result: createChannel(input: $input) { ... on CreateChannelPayload { channel { id } } ...Fault }
  }`,
  [FAULT],
);

export const UPDATE_CHANNEL = graphql(
  `mutation UpdateChannel($input: UpdateChannelInput!) {
    result: updateChannel(input: $input) { ... on UpdateChannelPayload { channel { id } } ...Fault }
  }`,
  [FAULT],
);

export const DELETE_CHANNEL = graphql(
  `mutation DeleteChannel($input: DeleteChannelInput!) {
    result: deleteChannel(input: $input) { ... on DeleteChannelPayload { deletedChannelId } ...Fault }
  }`,
  [FAULT],
);

export const WORKERS = graphql(`query SetUpWorkers($after: String) {
  workers(first: 10, after: $after) {
    edges { node {
      id name description timezone
      defaultAssistant { id }
      assistants(first: 5) { edges { node { id name } } pageInfo { hasNextPage } }
      channels(first: 5) { edges { node { id name } } pageInfo { hasNextPage } }
    } }
    pageInfo { hasNextPage endCursor }
  }
}`);

export const CREATE_WORKER = graphql(
  `mutation CreateWorker($input: CreateWorkerInput!) {
    result: createWorker(input: $input) { ... on CreateWorkerPayload { worker { id } } ...Fault }
  }`,
  [FAULT],
);

export const DELETE_WORKER = graphql(
  `mutation DeleteWorker($input: DeleteWorkerInput!) {
    result: deleteWorker(input: $input) { ... on DeleteWorkerPayload { deletedWorkerId } ...Fault }
  }`,
  [FAULT],
);

export const CREATE_ASSISTANT = graphql(
  `mutation CreateAssistant($input: CreateAssistantInput!) {
    result: createAssistant(input: $input) { ... on CreateAssistantPayload { assistant { id } } ...Fault }
  }`,
  [FAULT],
);

export const KEYS = graphql(`query SetUpKeys($after: String, $revoked: Boolean) {
  apiKeys(after: $after, includeRevoked: $revoked) {
    edges { node { id name secretHint permissions createdAt expiresAt lastUsedAt revokedAt } }
    pageInfo { hasNextPage endCursor }
  }
}`);

export const CREATE_KEY = graphql(
  `mutation CreateKey($input: CreateApiKeyInput!) {
    result: createApiKey(input: $input) { ... on CreateApiKeyPayload { secret apiKey { id name } } ...Fault }
  }`,
  [FAULT],
);

export const REVOKE_KEY = graphql(
  `mutation RevokeKey($input: RevokeApiKeyInput!) {
    result: revokeApiKey(input: $input) { ... on RevokeApiKeyPayload { apiKey { id } } ...Fault }
  }`,
  [FAULT],
);
