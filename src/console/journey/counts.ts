import type { ResultOf } from 'gql.tada';
import type { JOURNEY, MOVES } from './documents.ts';

type Journey = ResultOf<typeof JOURNEY>['journey'];
export type StageCounts = Journey['stages'][number];
export type Flow = Journey['flows'][number];
export type Move = ResultOf<typeof MOVES>['stageTransitions'];

/** The whole journey, or the part of it over one channel. */
export function countsOf(journey: Journey, channelKey: string | undefined): Pick<Journey, 'stages' | 'flows'> {
  if (!channelKey) return journey;
  const part = journey.channels?.find(({ channel }) => channel.key === channelKey)?.journey;
  // A channel nobody has talked over has the same stages with nothing in them.
  return part ?? { stages: journey.stages.map(emptied), flows: [] };
}

function emptied({ stage }: StageCounts): StageCounts {
  return { stage, current: 0, entered: 0, left: 0, medianSeconds: null, p90Seconds: null };
}
