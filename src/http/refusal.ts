import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { DomainError } from '../errors.ts';
import { type ProblemStatus, problemBody } from './problem.ts';
import { SECURITY_HEADER_LINES } from './security-headers.ts';

export interface Refusal {
  status: ProblemStatus;
  code: string;
  message: string;
  headers?: string[];
}

/** What Node found wrong with a request that it could not read, by the code of its error. */
const FAULTS: Record<string, Refusal> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, code: 'REQUEST_TIMEOUT', message: 'The request took too long to arrive.' },
  HPE_HEADER_OVERFLOW: { status: 431, code: 'HEADERS_TOO_LARGE', message: 'The header fields are too large.' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: 413,
    code: 'CONTENT_TOO_LARGE',
    message: 'The extensions of the chunks are too large.',
  },
};
export const MALFORMED: Refusal = {
  status: 400,
  code: 'MALFORMED_REQUEST',
  message: 'This is not a request that HTTP/1.1 allows (RFC 9112).',
};

/** How a request that could not be read is answered. */
export function faultOf({ code = '' }: NodeJS.ErrnoException): Refusal {
  return FAULTS[code] ?? MALFORMED;
}

/** Answers on a bare connection, where there is no response to write to, and ends the connection. */
export function refuse(socket: Duplex, { status, code, message, headers = [] }: Refusal): void {
  const body = JSON.stringify(problemBody(new DomainError(code, message), status));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...SECURITY_HEADER_LINES,
    ...headers,
  ];
  socket.once('finish', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
