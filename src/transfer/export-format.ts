import type { TableShape } from './tables.ts';

/**
 * An export is a gzip file of lines: a head, then for each table its name, its rows as PostgreSQL's COPY writes them in text format
 * (one per line) and the line `\.`, and at last a foot, without which the file is not whole.
 */
export const FORMAT = 1;

export interface ExportHead {
  /** The version of this format. */
  format: number;
  /** The version of Milepost that wrote it. */
  milepost: string;
  /** ISO 8601. */
  at: string;
  /** The migrations of the database it was made of. */
  migrations: string[];
  /** How far the tables of the job queue are. */
  jobs: number;
  tables: TableShape[];
}

/** A row cannot look like this: its backslashes are doubled. */
export const END_OF_TABLE = '\\.';
export const FOOT = '{"complete":true}';

export const NOT_WHOLE = 'The file ends in the middle: it is not a whole export.';

/** The file cannot be read, or does not fit; the message tells an operator why. */
export class TransferError extends Error {
  override readonly name = 'TransferError';
}

/** What the first line says. Throws TransferError when it is none of ours. */
export function parseHead(line: string): ExportHead {
  let head: Partial<ExportHead>;
  try {
    head = JSON.parse(line);
  } catch {
    throw new TransferError('This is no export of Milepost.');
  }
  if (head.format !== FORMAT) {
    const version = head.milepost ? ` of Milepost ${head.milepost}` : '';
    throw new TransferError(`This export${version} has a format that this version does not know.`);
  }
  return head as ExportHead;
}
