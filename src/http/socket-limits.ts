import type { Context } from '../context.ts';
import { LimitExceededError } from '../errors.ts';
import type { Limits } from '../limits.ts';

/** How often idle sockets are looked for, in milliseconds, unless they are idle sooner. */
const LOOK_EVERY_MS = 15_000;
/** What RFC 6455 has for sockets that have served their purpose; clients open another one when they need it. */
const NORMAL_CLOSURE = 1000;

/** A socket and what is going on over it. */
export interface ActiveSocket {
  readonly subscriptions: Record<string, unknown>;
  readonly extra: { socket: { close(code: number, reason: string): void }; activeAt: number };
}

/** Closes sockets on which nothing has been going on for long. One look at all of them costs less than a timer for each. */
export class IdleSockets {
  readonly #sockets = new Set<ActiveSocket>();
  readonly #idleMs: number;
  readonly #timer: NodeJS.Timeout;

  constructor(idleMs: number) {
    this.#idleMs = idleMs;
    this.#timer = setInterval(() => this.#look(), Math.min(LOOK_EVERY_MS, idleMs)).unref();
  }

  watch(socket: ActiveSocket): void {
    this.#sockets.add(socket);
  }

  forget(socket: ActiveSocket): void {
    this.#sockets.delete(socket);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = Date.now();
    for (const { subscriptions, extra } of this.#sockets) {
      if (countOperations(subscriptions, 1) > 0) extra.activeAt = now;
      else if (now - extra.activeAt >= this.#idleMs) extra.socket.close(NORMAL_CLOSURE, 'Nothing was going on');
    }
  }
}

/**
 * Counts an operation over a socket as the request it is. Throws LimitExceededError when it is one too many, for the
 * socket or for whoever opened it.
 */
export async function takeOperation(
  { rateLimits, access }: Context,
  { subscriptionsPerSocket }: Pick<Limits, 'subscriptionsPerSocket'>,
  subscriptions: Record<string, unknown>,
): Promise<void> {
  // This one is among them.
  if (countOperations(subscriptions, subscriptionsPerSocket + 1) > subscriptionsPerSocket) {
    const message = `At most ${subscriptionsPerSocket} operations can be under way over one socket.`;
    throw new LimitExceededError('subscriptions-per-socket', message);
  }
  const taken = rateLimits.countsRequests ? await rateLimits.takeRequest(access) : null;
  if (taken?.refusal) throw taken.refusal;
}

/** How many there are, counted up to `most`. */
function countOperations(subscriptions: Record<string, unknown>, most: number): number {
  let count = 0;
  for (const _id in subscriptions) {
    count += 1;
    if (count === most) break;
  }
  return count;
}
