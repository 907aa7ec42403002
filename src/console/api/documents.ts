import { graphql } from './graphql.ts';

export const WORKSPACE = graphql(`query Workspace { workspace { id name } }`);

export const STAGES = graphql(`query StageChoices {
  stages(first: 100) { edges { node { id key name assistant { id name } allowedNext { id } } } }
}`);

export const CHANNELS = graphql(`query ChannelChoices {
  channels(first: 100) { edges { node { id key name active worker { id } } } }
}`);

export const ASSISTANTS = graphql(`query AssistantChoices {
  assistants(first: 100) { edges { node { id name worker { id name } } } }
}`);
