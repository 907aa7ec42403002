import { setTimeout as pause } from 'node:timers/promises';
import { isDatabaseUnavailable } from '../database/unavailable.ts';

const RETRY_MS = 250;

export interface Patience {
  /** Asked after each failure: whether to try no more. */
  over(): boolean;
  /** Ends the waiting at once. */
  signal?: AbortSignal;
}

/** Does it again while the database is away. Throws its error when the patience is over, or the abort. */
export async function whileDatabaseIsAway<Result>(
  action: () => Promise<Result>,
  { over, signal }: Patience,
): Promise<Result> {
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (!isDatabaseUnavailable(error) || over()) throw error;
      await pause(RETRY_MS, undefined, signal ? { signal } : {});
    }
  }
}

/** Patience for so many milliseconds from now. */
export function patienceFor(ms: number, signal?: AbortSignal): Patience {
  const deadline = Date.now() + ms;
  return { over: () => Date.now() > deadline, ...(signal && { signal }) };
}
