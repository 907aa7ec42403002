import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';
import type { NewLimiter } from '../workspaces/rate-limits.ts';
import { PREFIX, type RedisConnection } from './connection.ts';

/** Counts of all processes together; while Redis is away, each counts by itself. */
export function createRedisLimiters({ commands }: RedisConnection): NewLimiter {
  return (options) =>
    new RateLimiterRedis({
      ...options,
      keyPrefix: `${PREFIX}${options.keyPrefix}`,
      storeClient: commands,
      rejectIfRedisNotReady: true,
      insuranceLimiter: new RateLimiterMemory(options),
    });
}
