import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Document } from './graphql.ts';
import { type RequestError, request } from './request.ts';
import { asRequestError, useQuery } from './use-query.ts';

/** A connection as every list of the server answers it. */
export interface Connection<Item> {
  edges: { node: Item }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

export interface Pages<Item> {
  /** What was loaded so far; undefined before the first page. */
  items: Item[] | undefined;
  error: RequestError | undefined;
  loading: boolean;
  hasMore: boolean;
  /** Loads the next page. */
  more(): void;
  /** Begins again with the first page. */
  reload(): void;
}

/** A list that is read page by page. The document takes the cursor of a page as `after`. */
export function usePages<Data, Variables extends { after?: string | null }, Item>(
  document: Document<Data, Variables>,
  variables: Variables,
  connectionOf: (data: Data) => Connection<Item>,
): Pages<Item> {
  const first = useQuery(document, variables);
  const [rest, setRest] = useState<{ pages: Connection<Item>[]; loading: boolean; error?: RequestError }>({
    pages: [],
    loading: false,
  });
  // A new first page makes what came behind the old one void.
  useEffect(() => setRest({ pages: [], loading: false }), [first.data]);
  const begun = useRef(first.data);
  begun.current = first.data;
  const pages = first.data ? [connectionOf(first.data), ...rest.pages] : [];
  const last = pages.at(-1)?.pageInfo;
  const more = useCallback(() => {
    if (!last?.hasNextPage) return;
    const list = begun.current;
    const settle = (page: Connection<Item>[], error?: RequestError) => {
      if (begun.current !== list) return;
      setRest(({ pages }) => ({ pages: [...pages, ...page], loading: false, ...(error && { error }) }));
    };
    setRest(({ pages }) => ({ pages, loading: true }));
    request(document, { ...variables, after: last.endCursor }).then(
      (data) => settle([connectionOf(data)]),
      (reason) => settle([], asRequestError(reason)),
    );
  }, [document, variables, connectionOf, last]);
  return {
    items: first.data && pages.flatMap(({ edges }) => edges.map(({ node }) => node)),
    error: first.error ?? rest.error,
    loading: first.loading || rest.loading,
    hasMore: last?.hasNextPage ?? false,
    more,
    reload: first.reload,
  };
}
