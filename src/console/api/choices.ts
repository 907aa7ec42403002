import { ASSISTANTS, CHANNELS, STAGES } from './documents.ts';
import { useQuery } from './use-query.ts';

/** The stages one can choose from, in the order of the journey; none until they are loaded. */
export function useStages() {
  return nodesOf(useQuery(STAGES, {}).data?.stages);
}

/** The channels one can choose from; none until they are loaded. */
export function useChannels() {
  return nodesOf(useQuery(CHANNELS, {}).data?.channels);
}

/** The assistants one can choose from; none until they are loaded. */
export function useAssistants() {
  return nodesOf(useQuery(ASSISTANTS, {}).data?.assistants);
}

function nodesOf<Item>(list: { edges: { node: Item }[] } | undefined): Item[] {
  return list?.edges.map(({ node }) => node) ?? [];
}
