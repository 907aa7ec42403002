import { Prisma } from '../generated/prisma/client.ts';
import { adapterCause } from './adapter-cause.ts';

// Prisma's words for: not reachable, too slow to connect, connection closed, no connection free, a transaction too slow, too many connections.
const PRISMA_CODES = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2037']);
// What its adapter calls the same when a raw statement fails.
const ADAPTER_KINDS = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TooManyConnections']);
const SYSTEM_CODES = new Set([
  ...['ENOENT', 'ENOTFOUND', 'EAI_AGAIN', 'EPIPE', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT'],
  ...['EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN'],
]);
// PostgreSQL's: connection exceptions (08), too many connections, shutting down, crashed, starting up, given up in a deadlock.
const SQL_STATE = /^(08...|53300|57P0[123]|40P01)$/;
// What pg says without a code.
const PG_MESSAGE =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/;

/** Whether a statement failed because the database was away or let others go first: nothing of it was done, and the same one can work later. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { kind = '', originalCode = '' } =
    error instanceof Prisma.PrismaClientKnownRequestError ? adapterCause(error) : {};
  if (ADAPTER_KINDS.has(kind)) return true;
  const codes = [codeOf(error), originalCode];
  if (codes.some((code) => PRISMA_CODES.has(code) || SYSTEM_CODES.has(code) || SQL_STATE.test(code))) return true;
  return PG_MESSAGE.test(error.message) || isDatabaseUnavailable(error.cause);
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
