import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/database/client.ts';
import { startEmbedded } from '../../src/database/embedded.ts';
import { migrateDatabase } from '../../src/database/migrator.ts';
import { isDatabaseUnavailable } from '../../src/database/unavailable.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { asUrl, inSession } from '../support/server.ts';
import { statementsOf } from '../support/statements.ts';

const ignored = () => {};

describe('the database client', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
    await inSession(database.location, (client) =>
      client.query(
        `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone TO ''Asia/Tokyo''', current_database()); END $$`,
      ),
    );
  });
  afterAll(() => database.drop());

  it('stores timestamps as instants whatever the time zone of the database is', async () => {
    const { db, close } = openDatabase({ location: database.location, maxConnections: 2, onConnectionLost: ignored });
    const createdAt = new Date('2026-05-06T07:08:09.123Z');
    await db.workspace.create({ data: { id: 'wsp_1', name: 'one', createdAt } });
    await close();
    const { rows } = await inSession(database.location, (client) => client.query('SELECT created_at FROM workspaces'));
    expect(rows).toEqual([{ created_at: createdAt }]);
  });

  it('keeps the options of a database URL beside its own', async () => {
    const url = new URL(asUrl(database.location));
    url.searchParams.set('options', '-c statement_timeout=4321');
    const { db, close } = openDatabase({ location: { url: url.href }, maxConnections: 1, onConnectionLost: ignored });
    const settings = await db.$queryRaw`
      SELECT current_setting('timezone') AS timezone, current_setting('statement_timeout') AS timeout`;
    await close();
    expect(settings).toEqual([{ timezone: 'UTC', timeout: '4321ms' }]);
  });

  it('prepares a statement once, and none whose length varies', async () => {
    const { db, close } = openDatabase({ location: database.location, maxConnections: 1, onConnectionLost: ignored });
    for (let i = 0; i < 3; i++) await db.workspace.findFirst({ where: { name: 'one' } });
    for (let i = 8; i < 40; i++) {
      await db.workspace.findMany({ where: { id: { in: Array.from({ length: i }, (_, n) => `wsp_${n}`) } } });
    }
    const prepared = await db.$queryRaw<
      { name: string }[]
    >`SELECT name FROM pg_prepared_statements WHERE statement LIKE '%workspaces%'`;
    await close();
    expect(prepared.filter(({ name }) => name !== '')).toHaveLength(2);
  });

  it('sends four statements for a transaction of two', async () => {
    const { db, close } = openDatabase({ location: database.location, maxConnections: 1, onConnectionLost: ignored });
    const statements = await statementsOf(() => db.$transaction([db.workspace.count(), db.stage.count()]));
    await close();
    expect(statements).toEqual([
      'BEGIN',
      expect.stringContaining('workspaces'),
      expect.stringContaining('stages'),
      'COMMIT',
    ]);
  });
});

describe('the database client of a server that goes away', () => {
  it('says that the database is unavailable, and works again when it is back', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'milepost-client-'));
    const directory = join(folder, 'postgres');
    const first = await startEmbedded(directory);
    await migrateDatabase(first);
    const lost = Promise.withResolvers<Error>();
    const { db, close } = openDatabase({ location: first, maxConnections: 2, onConnectionLost: lost.resolve });
    await db.workspace.count();
    const running = db.$queryRaw`SELECT 1 FROM pg_sleep(20)`.then(
      () => undefined,
      (error: unknown) => error,
    );
    await db.workspace.count();
    await first.stop();

    expect(isDatabaseUnavailable(await lost.promise)).toBe(true);
    expect(isDatabaseUnavailable(await running)).toBe(true);
    const failures = await Promise.all(
      [
        db.workspace.count(),
        db.$transaction([db.workspace.count()]),
        db.$transaction((tx) => tx.workspace.count()),
      ].map((query) =>
        query.then(
          () => undefined,
          (error: unknown) => error,
        ),
      ),
    );
    expect(failures.map(isDatabaseUnavailable)).toEqual([true, true, true]);

    const second = await startEmbedded(directory);
    expect(await db.workspace.count()).toBe(0);
    await close();
    await second.stop();
    await rm(folder, { recursive: true });
  });
});

describe('isDatabaseUnavailable', () => {
  it('does not blame the database for a statement that is wrong', async () => {
    const database = await createTestDatabase();
    const { db, close } = openDatabase({ location: database.location, maxConnections: 1, onConnectionLost: ignored });
    const failure = await db.$queryRaw`SELECT 1 / 0`.catch((error: unknown) => error);
    await close();
    await database.drop();
    expect(failure).toBeInstanceOf(Error);
    expect(isDatabaseUnavailable(failure)).toBe(false);
  });

  it.each([
    ['where nobody listens', 'postgres://postgres@127.0.0.1:1/postgres'],
    ['whose name nobody knows', 'postgres://postgres@nowhere.invalid/postgres'],
  ])('says so of a database %s, whatever was asked', async (_what, url) => {
    const { db, statements, close } = openDatabase({ location: { url }, maxConnections: 1, onConnectionLost: ignored });
    const asked = [
      () => db.workspace.count(),
      () => db.$queryRaw`SELECT 1`,
      () => db.$executeRaw`SELECT 1`,
      () => db.$transaction((tx) => tx.$queryRaw`SELECT 1`),
      () => statements.run({ name: 'one', text: 'SELECT 1' }, []),
    ];
    const failures: unknown[] = [];
    for (const ask of asked) await ask().catch((error: unknown) => failures.push(error));
    await close();
    expect(failures.map(isDatabaseUnavailable)).toEqual(asked.map(() => true));
  });

  it('says that a statement can be tried again that was given up in a deadlock', async () => {
    const database = await createTestDatabase();
    const { db, close } = openDatabase({ location: database.location, maxConnections: 2, onConnectionLost: ignored });
    await db.workspace.createMany({ data: ['wsp_1', 'wsp_2'].map((id) => ({ id, name: id })) });
    const lockBoth = (first: string, second: string, met: () => Promise<void>) =>
      db
        .$transaction(async (tx) => {
          await tx.workspace.update({ where: { id: first }, data: { name: 'locked' } });
          await met();
          await tx.workspace.update({ where: { id: second }, data: { name: 'locked' } });
        })
        .catch((error: unknown) => error);
    const both = Promise.withResolvers<void>();
    let locked = 0;
    const met = () => {
      if (++locked === 2) both.resolve();
      return both.promise;
    };
    const failures = await Promise.all([lockBoth('wsp_1', 'wsp_2', met), lockBoth('wsp_2', 'wsp_1', met)]);
    await close();
    await database.drop();
    expect(failures.map(isDatabaseUnavailable).sort()).toEqual([false, true]);
  });
});
