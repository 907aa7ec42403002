import { randomUUID } from 'node:crypto';

// What can stand in a header, a line of a log and a shell command as it is.
const WELL_FORMED = /^[\w.:@/=+-]{1,128}$/;

/** The caller's own name for a request (`X-Request-Id`) when it is well-formed, otherwise a new one. */
export function requestIdOf(given: string | null | undefined): string {
  return given && WELL_FORMED.test(given) ? given : randomUUID();
}
