import type { Context } from '../context.ts';
import type { RestContext } from './rest.ts';

/**
 * Counts a request against the quota of whoever sends it, and tells in the header of the answer how much is left
 * (draft-ietf-httpapi-ratelimit-headers-11). Throws LimitExceededError.
 */
export async function takeRequest(c: RestContext, { rateLimits, access }: Context): Promise<void> {
  const taken = rateLimits.countsRequests ? await rateLimits.takeRequest(access) : null;
  if (!taken) return;
  if (taken.refusal) throw taken.refusal;
  const { policy, quota, windowSeconds, remaining, resetSeconds } = taken;
  setHeader(c, 'RateLimit-Policy', `"${policy}";q=${quota};w=${windowSeconds}`);
  setHeader(c, 'RateLimit', `"${policy}";r=${remaining};t=${resetSeconds}`);
}

/** Event streams are written past Hono, so that it stands in Node's own response where there is one. */
function setHeader(c: RestContext, name: string, value: string): void {
  if (c.env?.outgoing) c.env.outgoing.setHeader(name, value);
  else c.res.headers.set(name, value);
}
