import type { Load, Participant } from './participants.ts';
import type { Row } from './rows.ts';

/** What a part of the benchmark is given. */
export interface Bench {
  upstream: Participant;
  load: Load;
  rounds: number;
  /** Where to write CPU profiles of the server, if anywhere. */
  profileDir: string | undefined;
}

/** One part: measures, and returns its rows. */
export type Part = (bench: Bench) => Promise<Row[]>;

/** The items in another order each round, so that none has always the same neighbour. */
export function rotated<Item>(items: readonly Item[], round: number): Item[] {
  const start = round % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
