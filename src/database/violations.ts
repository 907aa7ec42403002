import { Prisma } from '../generated/prisma/client.ts';

/** Whether a write failed because another row has the same unique values. */
export function isUniqueViolation(error: unknown): boolean {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false;
  return error.code === 'P2002' || kindOf(error) === 'UniqueConstraintViolation';
}

/** What the driver says it was; the only hint there is when a raw statement fails. */
function kindOf({ meta }: Prisma.PrismaClientKnownRequestError): string | undefined {
  return (meta?.driverAdapterError as { cause?: { kind?: string } } | undefined)?.cause?.kind;
}

/** The outcome of a write; when another row has the same unique values, throws what `conflict` makes instead. */
export async function uniquely<Row>(write: Promise<Row>, conflict: () => Error): Promise<Row> {
  try {
    return await write;
  } catch (error) {
    throw isUniqueViolation(error) ? conflict() : error;
  }
}
