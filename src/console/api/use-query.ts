import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Document } from './graphql.ts';
import { RequestError, request } from './request.ts';

export interface Query<Data> {
  /** The latest answer; it stays while another one is on its way. */
  data: Data | undefined;
  /** Why the latest request failed. */
  error: RequestError | undefined;
  loading: boolean;
  /** Asks again. */
  reload(): void;
}

/** The answer to a query, asked again whenever the variables change; null asks nothing. */
export function useQuery<Data, Variables>(
  document: Document<Data, Variables>,
  variables: Variables | null,
): Query<Data> {
  const asked = JSON.stringify(variables);
  const [state, setState] = useState<Omit<Query<Data>, 'reload'>>({
    data: undefined,
    error: undefined,
    loading: variables !== null,
  });
  const [round, setRound] = useState(0);
  // The variables are compared by their text.
  useEffect(() => {
    if (variables === null) return undefined;
    const leaving = new AbortController();
    setState(({ data, error }) => ({ data, error, loading: true }));
    request(document, variables, leaving.signal)
      .then((data) => !leaving.signal.aborted && setState({ data, error: undefined, loading: false }))
      .catch((error) => {
        if (!leaving.signal.aborted) setState(({ data }) => ({ data, error: asRequestError(error), loading: false }));
      });
    return () => leaving.abort();
  }, [document, asked, round]);
  const reload = useCallback(() => setRound((last) => last + 1), []);
  return useMemo(() => ({ ...state, reload }), [state, reload]);
}

export interface Action<Input> {
  run(input: Input): Promise<boolean>;
  pending: boolean;
  error: RequestError | undefined;
  /** Forgets the error. */
  clear(): void;
}

/** Something a person does: whether it is under way, and why it failed. `run` resolves to whether it was done. */
export function useAction<Input = void>(act: (input: Input) => Promise<unknown>): Action<Input> {
  const [state, setState] = useState<{ pending: boolean; error: RequestError | undefined }>({
    pending: false,
    error: undefined,
  });
  const latest = useRef(act);
  latest.current = act;
  const busy = useRef(false);
  const run = useCallback(async (input: Input) => {
    if (busy.current) return false;
    busy.current = true;
    setState({ pending: true, error: undefined });
    const error = await latest.current(input).then(
      () => undefined,
      (reason: unknown) => asRequestError(reason),
    );
    busy.current = false;
    setState({ pending: false, error });
    return error === undefined;
  }, []);
  const clear = useCallback(() => setState(({ pending }) => ({ pending, error: undefined })), []);
  return { run, clear, ...state };
}

/** A fault of the console itself is shown like one of the server, and reported to whoever looks at the browser's own console. */
export function asRequestError(reason: unknown): RequestError {
  if (reason instanceof RequestError) return reason;
  reportError(reason);
  return new RequestError('INTERNAL', 'The console made a mistake. Reloading the page may help.');
}
