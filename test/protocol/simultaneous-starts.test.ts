import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { listMigrations } from '../../src/database/migrator.ts';
import { createEmptyDatabase } from '../support/database.ts';
import { asUrl, inSession } from '../support/server.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';

const PROCESSES = 3;
/** The advisory lock of `prisma migrate deploy`, which is ours as well. */
const MIGRATION_LOCK = 72_707_369;
const WAIT = { timeout: 20_000, interval: 20 };

describe(`${PROCESSES} processes that start at the same moment on an empty database`, () => {
  let servers: ServerProcess[];
  let rows: (sql: string) => Promise<Record<string, unknown>[]>;
  const closing: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    const { location, drop } = await createEmptyDatabase();
    closing.push(drop);
    rows = (sql) => inSession(location, async (client) => (await client.query(sql)).rows);
    const environment = { DATABASE_URL: asUrl(location), MILEPOST_SECRET: 'x'.repeat(40), MILEPOST_API_KEY: '' };
    const starting = await inSession(location, async (client) => {
      await client.query(`SELECT pg_advisory_lock(${MIGRATION_LOCK})`);
      const started = Array.from({ length: PROCESSES }, () => startServer(environment));
      for (const start of started) start.catch(() => undefined);
      // All of them have come as far as the lock, so that they go on together.
      const waiting = `SELECT count(*)::int FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'SELECT pg_try_advisory_lock%'`;
      await vi.waitFor(async () => expect((await client.query(waiting)).rows[0].count).toBe(PROCESSES), WAIT);
      return started;
    });
    servers = await Promise.all(starting);
    closing.push(() => Promise.all(servers.map((server) => server.terminate())));
  });
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  });

  it('apply every migration once', async () => {
    const applied = await rows('SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL');
    expect(applied.map(({ name }) => name).sort()).toEqual(await listMigrations());
  });

  it('make one workspace with one key and one demo', async () => {
    expect(
      await rows(`SELECT (SELECT count(*)::int FROM workspaces) AS workspaces,
        (SELECT count(*)::int FROM api_keys) AS keys, (SELECT count(*)::int FROM channels) AS channels`),
    ).toEqual([{ workspaces: 1, keys: 1, channels: 1 }]);
  });

  it('show the key once, and each of them takes it', async () => {
    const keys = servers.flatMap((server) => /Bearer (mp_\w+)/.exec(server.output())?.[1] ?? []);
    expect(keys).toHaveLength(1);
    for (const { origin } of servers) {
      const response = await fetch(`${origin}/stages`, { headers: { authorization: `Bearer ${keys[0]}` } });
      expect(response.status).toBe(200);
    }
  });
});
