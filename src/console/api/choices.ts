import { useEffect, useState } from 'preact/hooks';
import { ASSISTANTS, CHANNELS, STAGES, WORKERS } from './documents.ts';
import type { Document } from './graphql.ts';
import { request } from './request.ts';
import type { Connection } from './use-pages.ts';

/** The stages one can choose from, in the order of the journey; none until they are loaded. */
export function useStages() {
  return useAll(STAGES);
}

/** The channels one can choose from; none until they are loaded. */
export function useChannels() {
  return useAll(CHANNELS);
}

/** The assistants one can choose from; none until they are loaded. */
export function useAssistants() {
  return useAll(ASSISTANTS);
}

/** The workers one can choose from; none until they are loaded. */
export function useWorkers() {
  return useAll(WORKERS);
}

/** A whole list, read page after page. What cannot be read is missing: the page around it says why. */
function useAll<Item>(document: Document<{ list: Connection<Item> }, { after?: string | null }>): readonly Item[] {
  const [items, setItems] = useState<readonly Item[]>([]);
  useEffect(() => {
    const leaving = new AbortController();
    const read = async (after: string | null, before: readonly Item[]): Promise<void> => {
      const { edges, pageInfo } = (await request(document, { after }, leaving.signal)).list;
      const all = [...before, ...edges.map(({ node }) => node)];
      if (leaving.signal.aborted) return;
      if (pageInfo.hasNextPage) await read(pageInfo.endCursor, all);
      else setItems(all);
    };
    read(null, []).catch(() => undefined);
    return () => leaving.abort();
  }, [document]);
  return items;
}
