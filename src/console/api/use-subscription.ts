import { useEffect, useRef, useState } from 'preact/hooks';
import type { Document } from './graphql.ts';
import { connection, follow, followOn } from './live.ts';
import type { RequestError } from './request.ts';

/** Calls `next` with everything a subscription tells from now on, also what happens while the line is broken. */
export function useEvents<Data, Variables extends { after?: string | null }>(
  document: Document<Data, Variables>,
  variables: Omit<Variables, 'after'>,
  cursorOf: (data: Data) => string,
  next: (data: Data) => void,
): void {
  const asked = JSON.stringify(variables);
  const latest = useRef(next);
  latest.current = next;
  // The variables are compared by their text.
  useEffect(
    () => followOn(document, variables, cursorOf, { next: (data) => latest.current(data), failed: () => {} }),
    [document, asked],
  );
}

/** Calls when the line is back after a break, during which something may have happened that was not told. */
export function useReconnected(again: () => void): void {
  const latest = useRef(again);
  latest.current = again;
  useEffect(() => {
    let before = connection.peek();
    return connection.subscribe((now) => {
      if (now === 'live' && before === 'lost') latest.current();
      if (now !== 'connecting') before = now;
    });
  }, []);
}

/** The latest of a subscription that tells the whole each time. It stays while other variables are asked for. */
export function useLatest<Data, Variables>(document: Document<Data, Variables>, variables: Variables) {
  const [data, setData] = useState<Data>();
  const [error, setError] = useState<RequestError>();
  const [round, setRound] = useState(0);
  const asked = JSON.stringify(variables);
  useEffect(() => {
    setError(undefined);
    const next = (latest: Data) => {
      setData(latest);
      setError(undefined);
    };
    return follow(document, variables, { next, failed: setError });
  }, [document, asked, round]);
  return { data, error, reload: () => setRound((last) => last + 1) };
}
