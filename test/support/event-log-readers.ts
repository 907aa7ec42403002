import { MemoryEventLog } from '../../src/turns/memory-event-log.ts';

/** Watches the readers of every event log of this process from now on. */
export interface WatchedReaders {
  /** How many read now. */
  count(): number;
  /** Resolves when nobody reads any more. */
  none(): Promise<void>;
}

export function watchReaders(): WatchedReaders {
  const original = MemoryEventLog.prototype.subscribe;
  const waiting = new Set<() => void>();
  let readers = 0;
  MemoryEventLog.prototype.subscribe = function (conversationId, wake) {
    const unsubscribe = original.call(this, conversationId, wake);
    let here = true;
    readers += 1;
    return () => {
      unsubscribe();
      if (here) readers -= 1;
      here = false;
      if (readers === 0) for (const resolve of waiting) resolve();
    };
  };
  return {
    count: () => readers,
    none: () =>
      new Promise((resolve) => {
        waiting.add(resolve);
        if (readers === 0) resolve();
      }),
  };
}
