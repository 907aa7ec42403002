import { Prisma } from '../generated/prisma/client.ts';

/** Whether a write failed because another row has the same unique values. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002';
}

/** The outcome of a write; when another row has the same unique values, throws what `conflict` makes instead. */
export async function uniquely<Row>(write: Promise<Row>, conflict: () => Error): Promise<Row> {
  try {
    return await write;
  } catch (error) {
    throw isUniqueViolation(error) ? conflict() : error;
  }
}
