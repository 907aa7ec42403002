import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Readiness } from '../src/readiness.ts';
import { startTestApp, type TestApp } from './support/app.ts';
import { type DatabaseLine, startDatabaseLine } from './support/database-line.ts';

let app: TestApp;
let line: DatabaseLine;

beforeAll(async () => {
  app = await startTestApp({
    environment: { SHUTDOWN_DELAY_MS: '2000' },
    async reach(location) {
      line = await startDatabaseLine(location);
      return line.location;
    },
  });
});
afterAll(() => line.close());

/** What somebody without credentials is told. */
async function ask(path: string, method = 'GET') {
  const response = await app.app.fetch(new Request(`http://milepost.test${path}`, { method }));
  return { status: response.status, body: await response.json().catch(() => null) };
}

const READY = { status: 200, body: { status: 'ready' } };
const missing = (...names: string[]) => ({ status: 503, body: { status: 'not ready', missing: names } });

/** Asks until the answer has changed: one is given again for a moment. */
async function eventually(answer: object) {
  await expect.poll(() => ask('/health/ready'), { timeout: 10_000 }).toEqual(answer);
}

describe('/health/live', () => {
  it('is answered without credentials', async () => {
    expect(await ask('/health/live')).toEqual({ status: 200, body: { status: 'live' } });
  });

  it('is answered without a database', async () => {
    line.cut();
    expect((await ask('/health/live')).status).toBe(200);
    line.mend();
  });
});

describe('/health/ready', () => {
  it('is answered without credentials, also to HEAD', async () => {
    await eventually(READY);
    expect((await ask('/health/ready', 'HEAD')).status).toBe(200);
  });

  it('names the database while it is away', async () => {
    line.cut();
    await eventually(missing('database'));
    line.mend();
    await eventually(READY);
  });

  it('names migrations that are not applied', async () => {
    const { db } = app.database;
    await db.$executeRaw`UPDATE _prisma_migrations SET finished_at = NULL`;
    await eventually(missing('migrations'));
    await db.$executeRaw`UPDATE _prisma_migrations SET finished_at = now()`;
    await eventually(READY);
  });

  it('names what does not answer in time', async () => {
    const silent = { name: 'silent', listMissing: () => new Promise<string[]>(() => {}) };
    const fine = { name: 'fine', listMissing: async () => [] };
    expect(await new Readiness([silent, fine]).listMissing()).toEqual(['silent']);
  });

  it('asks once for all who ask at the same time', async () => {
    let asked = 0;
    const listMissing = async () => {
      asked += 1;
      return [];
    };
    const readiness = new Readiness([{ name: 'counted', listMissing }]);
    await Promise.all(Array.from({ length: 100 }, () => readiness.listMissing()));
    expect(asked).toBe(1);
  });
});

describe('a process that stops', () => {
  it('says that it is not ready, and goes on answering until the delay is over', async () => {
    const stopping = app.app.dispose();
    expect(await ask('/health/ready')).toEqual(missing('stopping'));
    expect((await app.rest('GET', '/stages')).status).toBe(200);
    await stopping;
  });
});
