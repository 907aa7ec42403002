import { pino } from 'pino';
import { afterAll, beforeAll, describe } from 'vitest';
import { RedisConnection } from '../../src/redis/connection.ts';
import { RedisEventLog } from '../../src/redis/event-log.ts';
import { describeEventLog } from '../support/event-log-contract.ts';
import { anyRedis, NO_REDIS_URL } from '../support/redis.ts';

const log = pino({ level: process.env.LOG_LEVEL ?? 'silent' });

describe.skipIf(NO_REDIS_URL)(`the event log in Redis${NO_REDIS_URL ? `: ${NO_REDIS_URL}` : ''}`, () => {
  let redis: Awaited<ReturnType<typeof anyRedis>>;
  let connection: RedisConnection;

  beforeAll(async () => {
    redis = await anyRedis();
    connection = new RedisConnection(redis.url, log);
    await connection.open();
  });
  afterAll(async () => {
    await connection.close();
    await redis.stop();
  });

  describeEventLog('as every event log', () => new RedisEventLog({ connection, log, maxBytes: 1_000_000 }));
});
