/**
 * What a view of the database shows, as PostgreSQL numbers it: the rows of every transaction before `end` except those that were
 * still running. Rows do not become visible in the order of their times or ids, but what a view showed, it shows for ever.
 */
export interface Snapshot {
  end: bigint;
  /** Ascending. */
  running: readonly bigint[];
}

/** A snapshot from PostgreSQL's words for it, `xmin:xmax:running,…`. */
export function parseSnapshot(text: string): Snapshot {
  const [, end = '', running = ''] = text.split(':');
  return { end: BigInt(end), running: running === '' ? [] : running.split(',').map(BigInt) };
}

/** A snapshot in PostgreSQL's words. */
export function toSnapshotText({ end, running }: Snapshot): string {
  return `${running[0] ?? end}:${end}:${running.join(',')}`;
}

/** The first transaction whose rows it may not show. */
export function firstUnseen({ end, running }: Snapshot): bigint {
  return running[0] ?? end;
}

/** All up to and with one transaction. */
export function afterTransaction(transaction: bigint): Snapshot {
  return { end: transaction + 1n, running: [] };
}

/**
 * What somebody has seen who had seen `before`, and then read on in `now`, in the order of the transactions, up to and with one:
 * besides what the first shows, what the second shows up to there.
 */
export function readUpTo(before: Snapshot, now: Snapshot, transaction: bigint): Snapshot {
  const end = before.end > transaction ? before.end : transaction + 1n;
  const running = [
    ...now.running.filter((one) => one <= transaction),
    ...before.running.filter((one) => one > transaction),
  ];
  return { end, running };
}
