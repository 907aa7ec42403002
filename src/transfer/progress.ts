import type { TableShape } from './tables.ts';

/** Tells somebody who waits how far it is. */
export interface Progress {
  report(table: TableShape, rows: number): void;
  done(table: TableShape): void;
}

const INTERVAL_MS = 1000;

/** A line per table, and one a second for a table that takes longer. */
export function createProgress(write: (line: string) => void): Progress {
  let next = Date.now() + INTERVAL_MS;
  const name = (table: TableShape) => table.name.padEnd(42);
  return {
    report(table, rows) {
      if (Date.now() < next) return;
      next = Date.now() + INTERVAL_MS;
      write(`${name(table)}${inWords(rows)} of ${inWords(table.rows)}`);
    },
    done: (table) => write(`${name(table)}${inWords(table.rows)}`),
  };
}

export function inWords(rows: number): string {
  return rows.toLocaleString('en-US');
}
