import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_REDIS, startTestRedis, type TestRedis } from '../support/redis.ts';
import { startServer } from '../support/server-process.ts';

const SUITE = 'a start with a REDIS_URL that will never work';

describe.skipIf(NO_REDIS)(NO_REDIS ? `${SUITE}: ${NO_REDIS}` : SUITE, () => {
  let redis: TestRedis;
  let stranger: Server;

  beforeAll(async () => {
    redis = await startTestRedis({ requirepass: 'secret' });
    stranger = createServer((_request, response) => response.end('Hello'));
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    await redis?.stop();
    await new Promise((resolve) => stranger?.close(resolve));
  });

  const withCredentials = (credentials: string, database = '') =>
    redis.url.replace('://', `://${credentials}@`) + database;

  it.each([
    ['is none', () => 'localhost', 'REDIS_URL: must be a redis:// or rediss:// URL'],
    ['lacks the password', () => redis.url, 'REDIS_URL: the server wants a password: redis://:password@host.'],
    [
      'has a wrong password',
      () => withCredentials(':wrong'),
      'REDIS_URL: the server does not accept the user name or password.',
    ],
    [
      'names a database that is not there',
      () => withCredentials(':secret', '/99'),
      'REDIS_URL: the server has no database of this number.',
    ],
    [
      'leads to something else',
      () => `redis://127.0.0.1:${(stranger.address() as AddressInfo).port}`,
      'REDIS_URL: what listens there does not speak as Redis does.',
    ],
  ])('fails and says why: it %s', async (_what, url, message) => {
    await expect(startServer({ REDIS_URL: url() })).rejects.toThrow(`Milepost cannot start.\n\n${message}`);
  });
});
