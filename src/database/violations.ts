import pg from 'pg';
import { Prisma } from '../generated/prisma/client.ts';
import { adapterCause } from './adapter-cause.ts';

// PostgreSQL's words in the driver's errors, for statements that are sent past Prisma.
const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';

/** Whether a write failed because another row has the same unique values. */
export function isUniqueViolation(error: unknown): boolean {
  if (isDriverError(error, UNIQUE_VIOLATION)) return true;
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false;
  return error.code === 'P2002' || adapterCause(error).kind === 'UniqueConstraintViolation';
}

/** Whether a statement sent past Prisma failed because a row it refers to is gone. */
export function isForeignKeyViolation(error: unknown): boolean {
  return isDriverError(error, FOREIGN_KEY_VIOLATION);
}

function isDriverError(error: unknown, code: string): boolean {
  return error instanceof pg.DatabaseError && error.code === code;
}

/** The outcome of a write; when another row has the same unique values, throws what `conflict` makes instead. */
export async function uniquely<Row>(write: Promise<Row>, conflict: () => Error): Promise<Row> {
  try {
    return await write;
  } catch (error) {
    throw isUniqueViolation(error) ? conflict() : error;
  }
}
