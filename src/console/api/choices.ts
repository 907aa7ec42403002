import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { ASSISTANTS, CHANNELS, STAGES, WORKERS } from './documents.ts';
import type { Document } from './graphql.ts';
import { type RequestError, request } from './request.ts';
import type { Connection } from './use-pages.ts';
import { asRequestError, type Query } from './use-query.ts';

/** The stages one can choose from, in the order of the journey. */
export const useStages = () => useAll(STAGES);

/** The channels one can choose from. */
export const useChannels = () => useAll(CHANNELS);

/** The assistants one can choose from. */
export const useAssistants = () => useAll(ASSISTANTS);

/** The workers one can choose from. */
export const useWorkers = () => useAll(WORKERS);

/** A whole list, read page after page. */
function useAll<Item>(
  document: Document<{ list: Connection<Item> }, { after?: string | null }>,
): Query<readonly Item[]> {
  const [data, setData] = useState<readonly Item[]>();
  const [error, setError] = useState<RequestError>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    const leaving = new AbortController();
    const read = async (after: string | null, before: readonly Item[]): Promise<readonly Item[]> => {
      const { edges, pageInfo } = (await request(document, { after }, leaving.signal)).list;
      const all = [...before, ...edges.map(({ node }) => node)];
      return pageInfo.hasNextPage ? read(pageInfo.endCursor, all) : all;
    };
    setError(undefined);
    read(null, []).then(
      (all) => leaving.signal.aborted || setData(all),
      (reason) => leaving.signal.aborted || setError(asRequestError(reason)),
    );
    return () => leaving.abort();
  }, [document, round]);
  const reload = useCallback(() => setRound((last) => last + 1), []);
  return useMemo(
    () => ({ data, error, loading: data === undefined && error === undefined, reload }),
    [data, error, reload],
  );
}
