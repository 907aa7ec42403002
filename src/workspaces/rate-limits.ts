import {
  type IRateLimiterOptions,
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import { LimitExceededError } from '../errors.ts';
import type { Rates } from '../limits.ts';
import type { Access } from './access.ts';

const WINDOW_SECONDS = 60;

/** Makes what counts under a key: in memory, or where all processes count together. */
export type NewLimiter = (options: IRateLimiterOptions) => RateLimiterAbstract;

/** How much of a quota is left. */
export interface Quota {
  /** Names the limit. */
  policy: string;
  quota: number;
  windowSeconds: number;
  remaining: number;
  /** When it is whole again. */
  resetSeconds: number;
  /** Set when it was used up already. */
  refusal: LimitExceededError | null;
}

type Limited = keyof typeof LIMITED;

/** What is counted, as errors and headers name it, and in words. */
const LIMITED = {
  requestsPerKey: ['requests-per-key', 'requests with this API key'],
  requestsPerIdentity: ['requests-per-identity', 'requests of this identity'],
  turnsPerKey: ['turns-per-key', 'messages sent with this API key'],
  turnsPerIdentity: ['turns-per-identity', 'messages of this identity'],
} as const satisfies Record<keyof Rates, [name: string, words: string]>;

/** Counts requests and turns by whom they come from, in windows of a minute that begin with the first. */
export class RateLimits {
  readonly #limiters = new Map<Limited, RateLimiterAbstract>();

  constructor(rates: Rates, newLimiter: NewLimiter = (options) => new RateLimiterMemory(options)) {
    for (const what of Object.keys(LIMITED) as Limited[]) {
      const options = { keyPrefix: LIMITED[what][0], points: rates[what], duration: WINDOW_SECONDS };
      if (options.points > 0) this.#limiters.set(what, newLimiter(options));
    }
  }

  /** Whether any request is limited. */
  get countsRequests(): boolean {
    return this.#limiters.has('requestsPerKey') || this.#limiters.has('requestsPerIdentity');
  }

  /** Whether any turn is limited. */
  get countsTurns(): boolean {
    return this.#limiters.has('turnsPerKey') || this.#limiters.has('turnsPerIdentity');
  }

  /** Counts a request: for the identity of an access token, or else for the API key. What is left; null: it is not limited. */
  takeRequest({ apiKeyId, identityId }: Access): Promise<Quota | null> {
    return identityId === null ? this.#take('requestsPerKey', apiKeyId) : this.#take('requestsPerIdentity', identityId);
  }

  /** Counts a turn: for the API key, and for the identity that speaks, whoever says it for it. Throws LimitExceededError. */
  async takeTurn(access: Access, identityId: string): Promise<void> {
    const ofKey = access.identityId === null ? await this.#take('turnsPerKey', access.apiKeyId) : null;
    const refusal = ofKey?.refusal ?? (await this.#take('turnsPerIdentity', identityId))?.refusal;
    if (refusal) throw refusal;
  }

  async #take(what: Limited, whose: string | null): Promise<Quota | null> {
    const limiter = this.#limiters.get(what);
    if (!limiter || whose === null) return null;
    const taken = await limiter.consume(whose).catch((refusal) => {
      if (refusal instanceof RateLimiterRes) return refusal;
      throw refusal;
    });
    const [policy, words] = LIMITED[what];
    const quota = limiter.points;
    const resetSeconds = Math.max(Math.ceil(taken.msBeforeNext / 1000), 1);
    const message = `At most ${quota} ${words} are taken in a minute.`;
    return {
      ...{ policy, quota, windowSeconds: WINDOW_SECONDS, resetSeconds },
      remaining: Math.max(quota - taken.consumedPoints, 0),
      refusal:
        taken.consumedPoints > quota
          ? new LimitExceededError(policy, message, { retryAfterSeconds: resetSeconds })
          : null,
    };
  }
}
