import { pino } from 'pino';
import { afterAll, expect, it } from 'vitest';
import { openDatabase } from '../../src/database/client.ts';
import { newId } from '../../src/ids.ts';
import { hashApiKeySecret, newApiKeySecret, saveApiKey } from '../../src/workspaces/api-keys.ts';
import { KnownKeys } from '../../src/workspaces/known-keys.ts';
import { createTestDatabase } from '../support/database.ts';
import { statementsOf } from '../support/statements.ts';

const log = pino({ level: 'silent' });
const { location, drop } = await createTestDatabase();
const { db, close } = openDatabase({ location, maxConnections: 5, onConnectionLost: () => {} });
const workspaceId = newId('Workspace');
await db.workspace.create({ data: { id: workspaceId, name: 'Test' } });

afterAll(async () => {
  await close();
  await drop();
});

/** A key that was used just now, so that its use is not stored again. */
async function newKey(lastUsedAt: Date | null = new Date()) {
  const key = { workspaceId, name: 'Test key', permissions: ['READ' as const], secret: newApiKeySecret() };
  const { apiKey } = await saveApiKey(db, key);
  await db.apiKey.update({ where: { id: apiKey.id }, data: { lastUsedAt } });
  return { id: apiKey.id, secretHash: hashApiKeySecret(key.secret) };
}

const revoke = (id: string) => db.apiKey.update({ where: { id }, data: { revokedAt: new Date() } });

it('asks the database once for a key that many ask for, and not again', async () => {
  const keys = new KnownKeys({ db, log });
  const { id, secretHash } = await newKey();
  const first = await statementsOf(() => Promise.all(Array.from({ length: 20 }, () => keys.open({ secretHash }))));
  const later = await statementsOf(() => Promise.all([keys.open({ secretHash }), keys.open({ id })]));
  expect([first.length, later.length]).toEqual([1, 0]);
});

it('keeps so many keys at most', async () => {
  const keys = new KnownKeys({ db, log, max: 3 });
  for (let count = 0; count < 6; count += 1) await keys.open(await newKey());
  expect(keys.size).toBe(3);
});

it('keeps nothing of a key that opens nothing', async () => {
  const keys = new KnownKeys({ db, log });
  for (let count = 0; count < 3; count += 1) {
    await expect(keys.open({ secretHash: hashApiKeySecret(newApiKeySecret()) })).rejects.toThrow('not valid');
  }
  expect(keys.size).toBe(0);
});

it('lets go of a key that has been changed, also while it is being read', async () => {
  const keys = new KnownKeys({ db, log });
  const { id, secretHash } = await newKey();
  const read = keys.open({ secretHash });
  keys.forget([id]);
  await read;
  await revoke(id);
  await expect(keys.open({ secretHash })).rejects.toThrow('revoked');
});

it('looks at keys again when told to, and says which of them have ended', async () => {
  const keys = new KnownKeys({ db, log });
  const [kept, revoked, gone] = [await newKey(), await newKey(), await newKey()];
  for (const { secretHash } of [kept, revoked, gone]) await keys.open({ secretHash });
  await revoke(revoked.id);
  await db.apiKey.delete({ where: { id: gone.id } });
  const ended = await keys.recheck([kept.id, revoked.id, gone.id]);
  expect([...ended].map(([id, { message }]) => [id, message])).toEqual([
    [revoked.id, 'The API key has been revoked.'],
    [gone.id, 'The API key is not valid.'],
  ]);
  await expect(keys.open({ secretHash: revoked.secretHash })).rejects.toThrow('revoked');
});

it('stores the use of a key, but not twice a minute', async () => {
  const unused = await newKey(null);
  await new KnownKeys({ db, log }).open(unused);
  let stored: Date | null = null;
  while (stored === null) stored = (await db.apiKey.findUniqueOrThrow({ where: { id: unused.id } })).lastUsedAt;
  const again = await statementsOf(() => new KnownKeys({ db, log }).open(unused));
  expect(again.filter((sql) => sql.startsWith('UPDATE'))).toEqual([]);
  const longAgo = new Date(Date.now() - 61_000);
  const used = await newKey(longAgo);
  await new KnownKeys({ db, log }).open(used);
  do stored = (await db.apiKey.findUniqueOrThrow({ where: { id: used.id } })).lastUsedAt;
  while (stored?.getTime() === longAgo.getTime());
  expect(stored?.getTime()).toBeGreaterThan(longAgo.getTime());
});
