import { graphql } from '../api/graphql.ts';

const COUNTS = graphql(`fragment Counts on Journey {
  stages { current entered left medianSeconds p90Seconds stage { id key name description archivedAt } }
  flows { count medianSeconds p90Seconds fromStage { id key name } toStage { id key name } }
}`);

export const JOURNEY = graphql(
  `subscription JourneyLive($since: DateTime, $split: Boolean!) {
    journey(since: $since) {
      ...Counts
      channels @include(if: $split) { channel { key } journey { ...Counts } }
    }
  }`,
  [COUNTS],
);

export const CONVERSION = graphql(`query Conversion($since: DateTime, $from: StageReference!, $to: StageReference!) {
  journey(since: $since) { conversion(from: $from, to: $to) { entered converted rate medianSeconds } }
}`);

export const MOVES = graphql(`subscription Moves($after: String) {
  stageTransitions(after: $after) {
    id cursor cause createdAt
    identity { id name externalId }
    fromStage { key name }
    toStage { key name }
  }
}`);
