import { describe, expect, it } from 'vitest';
import { newId } from '../src/ids.ts';
import { type Caller, startTestApp } from './support/app.ts';
import { mutate } from './support/mutate.ts';
import { subscribe } from './support/subscription.ts';

const app = await startTestApp();
for (const name of ['First', 'Second']) await mutate(app, 'createStage', { name });

const assign = async (externalId: string, key: string) => {
  const result = await mutate(app, 'assignStage', { identity: { externalId }, stage: { key } });
  expect(result.__typename).toBe('AssignStagePayload');
};
const arrive = (...names: string[]) =>
  Promise.all(names.map((externalId) => mutate(app, 'upsertIdentity', { identity: { externalId } })));
const crowd = (name: string, size: number) => Array.from({ length: size }, (_, nth) => `${name}-${nth}`);

interface Told {
  cursor: string;
  identity: { externalId: string };
  toStage: { key: string };
}

const follow = async (variables: object = {}, caller: Caller = app) => {
  const moves = await subscribe(
    app,
    caller,
    `subscription ($identity: IdentityReference, $after: String) {
      stageTransitions(identity: $identity, after: $after) { cursor identity { externalId } toStage { key } }
    }`,
    variables,
  );
  return {
    leave: moves.leave,
    next: async (): Promise<Told> => (await moves.next()).stageTransitions,
    async take(count: number): Promise<Told[]> {
      const told = [];
      for (let nth = 0; nth < count; nth += 1) told.push((await moves.next()).stageTransitions);
      return told;
    },
  };
};
const words = (told: Told[]) => told.map(({ identity, toStage }) => `${identity.externalId} ${toStage.key}`);

describe('stageTransitions behind a cursor', () => {
  it('tells what happened since then in order, and then what happens', async () => {
    await arrive('returning');
    const before = await follow();
    await assign('returning', 'first');
    const { cursor } = await before.next();
    await before.leave();
    for (const key of ['second', 'first']) await assign('returning', key);
    const after = await follow({ after: cursor });
    expect(words(await after.take(2))).toEqual(['returning second', 'returning first']);
    await assign('returning', 'second');
    expect(words([await after.next()])).toEqual(['returning second']);
    await after.leave();
  });

  it('tells the rest, whichever of many simultaneous moves was the last that was seen', async () => {
    const names = crowd('crowd', 20);
    await arrive(...names);
    const live = await follow();
    await Promise.all(names.map((name) => assign(name, 'first')));
    const told = await live.take(names.length);
    await live.leave();
    expect(words(told).sort()).toEqual(names.map((name) => `${name} first`).sort());
    for (const [nth, { cursor }] of told.entries()) {
      const rest = await follow({ after: cursor });
      expect(words(await rest.take(names.length - nth - 1)).sort()).toEqual(words(told.slice(nth + 1)).sort());
      await rest.leave();
    }
  });

  it('tells a move that becomes visible after a later one once, to whoever stayed and to whoever comes back', async () => {
    await arrive('slow', 'quick', 'last');
    const { db } = app.database;
    const where = { workspaceId: app.workspaceId };
    const { id: identityId } = await db.identity.findFirstOrThrow({ where: { ...where, externalId: 'slow' } });
    const { id: toStageId } = await db.stage.findFirstOrThrow({ where: { ...where, key: 'second' } });
    const session = await app.database.pool.connect();
    const staying = await follow();
    await session.query('BEGIN');
    await session.query(
      'INSERT INTO stage_transitions (workspace_id, id, identity_id, to_stage_id, cause) VALUES ($1, $2, $3, $4, $5)',
      [app.workspaceId, newId('StageTransition'), identityId, toStageId, 'API'],
    );
    await assign('quick', 'first');
    const quick = await staying.next();
    await session.query('COMMIT');
    session.release();
    await assign('last', 'first');
    expect(words([quick, ...(await staying.take(2))])).toEqual(['quick first', 'slow second', 'last first']);
    const returning = await follow({ after: quick.cursor });
    expect(words(await returning.take(2))).toEqual(['slow second', 'last first']);
    await Promise.all([staying.leave(), returning.leave()]);
  });

  it('tells more than is read at once', async () => {
    const names = crowd('many', 10);
    await arrive(...names);
    const before = await follow();
    await assign('many-0', 'first');
    const { cursor } = await before.next();
    await before.leave();
    const walk = async (name: string) => {
      for (let nth = 0; nth < 45; nth += 1) await assign(name, nth % 2 ? 'first' : 'second');
    };
    await Promise.all(names.map(walk));
    const after = await follow({ after: cursor });
    const told = await after.take(450);
    await assign('many-0', 'first');
    expect((await after.next()).identity).toEqual({ externalId: 'many-0' });
    await after.leave();
    for (const name of names) {
      const keys = told.filter(({ identity }) => identity.externalId === name).map(({ toStage }) => toStage.key);
      expect(keys).toEqual(Array.from({ length: 45 }, (_, nth) => (nth % 2 ? 'first' : 'second')));
    }
  });

  it('takes the cursor of a move in the list of an identity', async () => {
    await arrive('listed');
    for (const key of ['first', 'second', 'first']) await assign('listed', key);
    const { identity } = await app.query(
      '{ identity(by: { externalId: "listed" }) { transitions(first: 1) { edges { node { cursor } } } } }',
    );
    const after = identity.transitions.edges[0].node.cursor;
    const moves = await follow({ identity: { externalId: 'listed' }, after });
    expect(words(await moves.take(2))).toEqual(['listed second', 'listed first']);
    await moves.leave();
  });

  it('tells an access token of its own identity only', async () => {
    await arrive('me', 'them');
    const before = await follow();
    await assign('them', 'first');
    const { cursor } = await before.next();
    await before.leave();
    for (const name of ['them', 'me']) await assign(name, 'second');
    const { token } = await mutate(app, 'createAccessToken', { identity: { externalId: 'me' } }, 'token');
    const moves = await follow({ after: cursor }, app.withCredential(token));
    expect(words([await moves.next()])).toEqual(['me second']);
    await moves.leave();
  });

  it('refuses a cursor of another workspace, of another kind, or changed', async () => {
    await arrive('signed');
    const moves = await follow();
    await assign('signed', 'first');
    const { cursor } = await moves.next();
    await moves.leave();
    const stranger = await app.stranger();
    const changed = cursor.replace(/^t1\.(.)/, (_all, digit) => `t1.${digit === '1' ? '2' : '1'}`);
    for (const [caller, after] of [
      [stranger, cursor],
      [app, changed],
      [app, 'nonsense'],
      [app, ''],
    ] as const) {
      await expect((await follow({ after }, caller)).next()).rejects.toThrow('INVALID_INPUT');
    }
  });
});
