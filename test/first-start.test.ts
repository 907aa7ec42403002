import { pino } from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { compileTemplate } from '../src/assistants/template.ts';
import { openDatabase } from '../src/database/client.ts';
import { DEMO_INSTRUCTIONS } from '../src/demo.ts';
import { prepareFirstStart } from '../src/first-start.ts';
import { hashApiKeySecret, newApiKeySecret } from '../src/workspaces/api-keys.ts';
import { KnownKeys } from '../src/workspaces/known-keys.ts';
import { createTestDatabase } from './support/database.ts';
import { startServer } from './support/server-process.ts';

const closing: (() => Promise<void>)[] = [];

afterAll(async () => {
  for (const close of closing) await close();
});

async function emptyDatabase() {
  const { location, drop } = await createTestDatabase();
  const { db, close } = openDatabase({ location, maxConnections: 5, onConnectionLost: () => {} });
  closing.push(close, drop);
  return db;
}

describe('the first start', () => {
  it('makes a workspace and a key that opens it', async () => {
    const db = await emptyDatabase();
    const key = await prepareFirstStart(db, { apiKey: undefined, demo: true });
    expect(key).toMatch(/^mp_[0-9A-Za-z]{49}$/);
    const { id } = await db.workspace.findFirstOrThrow();
    const keys = new KnownKeys({ db, log: pino({ level: 'silent' }) });
    expect(await keys.open({ secretHash: hashApiKeySecret(key as string) })).toMatchObject({
      workspaceId: id,
      permissions: ['READ', 'WRITE'],
    });
  });

  it('takes the key it is given', async () => {
    const db = await emptyDatabase();
    expect(await prepareFirstStart(db, { apiKey: 'my-own-key-of-length', demo: false })).toBe('my-own-key-of-length');
  });

  it('does not take a key of ours that was mistyped', async () => {
    const key = newApiKeySecret();
    const MILEPOST_API_KEY = key.slice(0, -1) + (key.endsWith('a') ? 'b' : 'a');
    await expect(startServer({ MILEPOST_API_KEY })).rejects.toThrow('one of its characters is wrong');
  });

  it('leaves the demo out when told to', async () => {
    const db = await emptyDatabase();
    await prepareFirstStart(db, { apiKey: undefined, demo: false });
    expect([await db.stage.count(), await db.identity.count(), await db.channel.count()]).toEqual([0, 0, 0]);
  });

  it('changes nothing in a database that is in use', async () => {
    const db = await emptyDatabase();
    await prepareFirstStart(db, { apiKey: undefined, demo: true });
    const identities = await db.identity.count();
    expect(await prepareFirstStart(db, { apiKey: undefined, demo: true })).toBeNull();
    expect(await db.identity.count()).toBe(identities);
  });

  it('happens once when two processes start together', async () => {
    const db = await emptyDatabase();
    const keys = await Promise.all([1, 2].map(() => prepareFirstStart(db, { apiKey: undefined, demo: true })));
    expect(keys.filter((key) => key !== null)).toHaveLength(1);
    expect(await db.workspace.count()).toBe(1);
  });
});

describe('the demo', () => {
  it('has instructions that compile and know the stage', () => {
    const { render } = compileTemplate(DEMO_INSTRUCTIONS);
    const identity = {
      name: 'Ada',
      stage_name: '',
      phone: null,
      email: null,
      external_id: 'demo',
      metadata: {},
      stage_metadata: {},
    };
    const channel = { key: 'web', name: 'Web chat', type: 'web' };
    const told = ['onboarding', 'considering', 'purchased', 'needs_help'].map((stage) =>
      render({ identity: { ...identity, stage }, memory: {}, channel, workspace: { id: '', name: '' }, now: '' }),
    );
    expect(new Set(told).size).toBe(4);
  });

  it('shows a journey in which identities have moved on, and each is where its last move led', async () => {
    const db = await emptyDatabase();
    await prepareFirstStart(db, { apiKey: undefined, demo: true });
    const identities = await db.identity.findMany({ include: { transitions: { orderBy: { createdAt: 'asc' } } } });
    const stages = await db.stage.findMany();
    expect(new Set(identities.map(({ stageId }) => stageId)).size).toBe(stages.length);
    for (const { stageId, stageEnteredAt, transitions } of identities) {
      expect(transitions.at(-1)).toMatchObject({ toStageId: stageId, createdAt: stageEnteredAt });
      for (const [index, { fromStageId }] of transitions.entries())
        expect(fromStageId).toBe(transitions[index - 1]?.toStageId ?? null);
    }
  });
});
