import type { Prisma } from '../generated/prisma/client.ts';

/** What the adapter of the driver says of an error of Prisma: its own word for it, and PostgreSQL's code. The only hint there is when a raw statement fails. */
export function adapterCause({ meta }: Prisma.PrismaClientKnownRequestError): { kind?: string; originalCode?: string } {
  return (meta?.driverAdapterError as { cause?: { kind?: string; originalCode?: string } } | undefined)?.cause ?? {};
}
