import type { ServerResponse } from 'node:http';

/**
 * What browsers are told with every answer: it is data and not a page, stands in no frame, is kept in no cache, and its
 * address, which may hold a token, is told to nobody. A page brings its own policy.
 */
const HEADERS = Object.entries({
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
});

/** The same as lines of an answer that is written by hand. */
export const SECURITY_HEADER_LINES = HEADERS.map(([name, value]) => `${name}: ${value}`);

/** Sets the headers of every answer on Node's own, so that whoever writes it cannot leave them out. */
export function secure(outgoing: ServerResponse): void {
  for (const [name, value] of HEADERS) outgoing.setHeader(name, value);
}

/** The policy of a page of ours at a host (Content Security Policy, level 3): nothing is loaded from elsewhere or told elsewhere. */
export function pagePolicy(host: string, sources: { script?: string; style?: string; worker?: string } = {}): string {
  const { script = "'self'", style = "'self'", worker = "'self'" } = sources;
  return [
    "default-src 'self'",
    `script-src ${script}`,
    `style-src ${style}`,
    `worker-src ${worker}`,
    "img-src 'self' data:",
    "font-src 'self' data:",
    // Not every browser takes 'self' for a WebSocket too. The name is the caller's, and may be no name.
    `connect-src 'self'${/^[\w.:[\]-]+$/.test(host) ? ` ws://${host} wss://${host}` : ''}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}
