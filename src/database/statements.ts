import type pg from 'pg';

/**
 * A statement on the path of every turn, with `$1`-style parameters. It is prepared under its name and sent past Prisma,
 * whose client takes several times the CPU of the driver under it.
 */
export interface Statement<Row> {
  readonly name: string;
  readonly text: string;
  /** What its rows look like; never set. */
  readonly row?: Row;
}

export interface Statements {
  /** The rows, in order. Throws the driver's errors. */
  run<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<Row[]>;
}

export function createStatements(pool: pg.Pool): Statements {
  return {
    async run({ name, text }, values) {
      const { rows } = await pool.query({ name, text, values: values as unknown[] });
      return rows;
    },
  };
}
