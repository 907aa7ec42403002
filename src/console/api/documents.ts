import { graphql } from './graphql.ts';

export const WORKSPACE = graphql(`query Workspace { workspace { id name } }`);

export const STAGES = graphql(`query StageChoices($after: String) {
  list: stages(after: $after) {
    edges { node { id key name assistant { id name } allowedNext { id } } }
    pageInfo { hasNextPage endCursor }
  }
}`);

export const CHANNELS = graphql(`query ChannelChoices($after: String) {
  list: channels(after: $after) {
    edges { node { id key name active worker { id } } }
    pageInfo { hasNextPage endCursor }
  }
}`);

export const ASSISTANTS = graphql(`query AssistantChoices($after: String) {
  list: assistants(after: $after) {
    edges { node { id name worker { id name } } }
    pageInfo { hasNextPage endCursor }
  }
}`);

export const WORKERS = graphql(`query WorkerChoices($after: String) {
  list: workers(after: $after) {
    edges { node { id name } }
    pageInfo { hasNextPage endCursor }
  }
}`);
