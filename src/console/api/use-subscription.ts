import { useEffect, useRef, useState } from 'preact/hooks';
import type { Document } from './graphql.ts';
import { follow } from './live.ts';
import type { RequestError } from './request.ts';

/** Calls `next` with everything a subscription tells, from the time the variables change; null follows nothing. Returns why it ended. */
export function useEvents<Data, Variables>(
  document: Document<Data, Variables>,
  variables: Variables | null,
  next: (data: Data) => void,
): RequestError | undefined {
  const [error, setError] = useState<RequestError>();
  const asked = JSON.stringify(variables);
  const latest = useRef(next);
  latest.current = next;
  // The variables are compared by their text.
  useEffect(() => {
    if (variables === null) return undefined;
    setError(undefined);
    return follow(document, variables, { next: (data) => latest.current(data), failed: setError });
  }, [document, asked]);
  return error;
}

/** The latest of a subscription that tells the whole each time. It stays while other variables are asked for. */
export function useLatest<Data, Variables>(document: Document<Data, Variables>, variables: Variables) {
  const [data, setData] = useState<Data>();
  const error = useEvents(document, variables, setData);
  return { data, error };
}
