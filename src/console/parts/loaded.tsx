import type { ComponentChildren } from 'preact';
import type { RequestError } from '../api/request.ts';
import { Notice } from './notice.tsx';

export interface LoadedProps<Data> {
  data: Data | undefined;
  error: RequestError | undefined;
  reload?(): void;
  /** About how many lines it will take, so that nothing jumps when it comes. */
  lines?: number;
  children: (data: Data) => ComponentChildren;
}

/** What was loaded; before that a quiet placeholder, and what went wrong with a way to try again. */
export function Loaded<Data>({ data, error, reload, lines = 4, children }: LoadedProps<Data>) {
  return (
    <>
      {error && (
        <Notice kind="bad">
          {error.message}{' '}
          {reload && (
            <button type="button" class="link" onClick={reload}>
              Try again
            </button>
          )}
        </Notice>
      )}
      {data !== undefined ? children(data) : !error && <Waiting lines={lines} />}
    </>
  );
}

function Waiting({ lines }: { lines: number }) {
  return (
    <div class="waiting" role="status">
      <span class="unseen">Loading…</span>
      {Array.from({ length: lines }, (_, line) => (
        <div key={line} aria-hidden="true" />
      ))}
    </div>
  );
}
