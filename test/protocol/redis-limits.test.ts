import { pino } from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { RedisConnection } from '../../src/redis/connection.ts';
import { createRedisLimiters } from '../../src/redis/limiters.ts';
import { RateLimits } from '../../src/workspaces/rate-limits.ts';
import { NO_REDIS, startTestRedis } from '../support/redis.ts';

const log = pino({ level: 'silent' });
const RATES = { requestsPerKey: 3, requestsPerIdentity: 0, turnsPerKey: 0, turnsPerIdentity: 0 };
const access = (apiKeyId: string) => ({
  ...{ workspaceId: 'wsp', permissions: ['READ' as const], identityId: null, expiresAt: null },
  apiKeyId,
});

describe.skipIf(NO_REDIS)(`limits in Redis${NO_REDIS ? `: ${NO_REDIS}` : ''}`, async () => {
  if (NO_REDIS) return;
  const redis = await startTestRedis();
  const connections = [1, 2].map(() => new RedisConnection(redis.url, log));
  for (const connection of connections) await connection.open();
  const [here, there] = connections.map((connection) => new RateLimits(RATES, createRedisLimiters(connection)));
  /** Whether a request with this key is taken. */
  const takes = async (limits: RateLimits | undefined, key: string) =>
    (await limits?.takeRequest(access(key)))?.refusal === null;

  afterAll(async () => {
    for (const connection of connections) await connection.close();
    await redis.stop();
  });

  it('count what comes to all processes together', async () => {
    const taken = [];
    for (const limits of [here, there, here, there, here]) taken.push(await takes(limits, 'key_together'));
    expect(taken).toEqual([true, true, true, false, false]);
    expect(await takes(there, 'key_alone')).toBe(true);
  });

  it('are kept by each process for itself while Redis is away', async () => {
    const gone = Promise.withResolvers<void>();
    const stopWatching = connections.map((connection) =>
      connection.onChange(() => connections.every(({ run }) => run === null) && gone.resolve()),
    );
    await redis.stop();
    await gone.promise;
    for (const stop of stopWatching) stop();
    for (const limits of [here, there]) {
      const taken = [];
      for (let count = 0; count < 4; count += 1) taken.push(await takes(limits, 'key_away'));
      expect(taken).toEqual([true, true, true, false]);
    }
  });
});
