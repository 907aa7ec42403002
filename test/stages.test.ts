import { describe, expect, it } from 'vitest';
import { startTestApp } from './support/app.ts';
import { mutate, pathsOf } from './support/mutate.ts';
import { statementsOf } from './support/statements.ts';

const app = await startTestApp();
const STAGE = 'stage { id key name description metadata archivedAt }';

const create = (input: object) => mutate(app, 'createStage', input, STAGE);
const FIND = 'query ($by: StageReference!) { stage(by: $by) { id key name description metadata archivedAt } }';

describe('createStage', () => {
  it('makes the key from the name', async () => {
    const { stage } = await create({ name: '  Onboarding Complète! ' });
    expect(stage).toMatchObject({
      key: 'onboarding_complete',
      name: 'Onboarding Complète!',
      metadata: {},
      description: null,
    });
    expect(stage.id).toMatch(/^stg_/);
  });

  it('takes the key it is given', async () => {
    const { stage } = await create({
      name: 'Trial',
      key: 'trial-2',
      description: 'First days',
      metadata: { days: 14 },
    });
    expect(stage).toMatchObject({ key: 'trial-2', description: 'First days', metadata: { days: 14 } });
  });

  it('refuses a name of two letters', async () => {
    expect(await create({ name: 'ab' })).toMatchObject({ __typename: 'InvalidInputError', issues: [{ path: 'name' }] });
  });

  it('refuses a name of 101 letters', async () => {
    expect(pathsOf(await create({ name: 'a'.repeat(101) }))).toEqual(['name']);
  });

  it('refuses a key with capitals or spaces', async () => {
    expect(pathsOf(await create({ name: 'Capital', key: 'My Stage' }))).toEqual(['key']);
  });

  it('refuses a key that looks like an id', async () => {
    expect(pathsOf(await create({ name: 'Idlike', key: 'stg_01m7xb1a9qenfvgb7ykx77vyn2' }))).toEqual(['key']);
  });

  it('asks for a key when the name gives none', async () => {
    expect(pathsOf(await create({ name: '日本語' }))).toEqual(['key']);
  });

  it('names every wrong field at once', async () => {
    expect(pathsOf(await create({ name: 'x', metadata: { big: 'y'.repeat(20_000) } }))).toEqual(['name', 'metadata']);
  });

  it('leaves what the schema refuses to the answer of the document', async () => {
    const CREATE =
      'mutation ($metadata: JSONObject) { createStage(input: { name: "Typed", metadata: $metadata }) { __typename } }';
    const { errors } = await app.execute(CREATE, { metadata: 'text' });
    expect(errors?.[0].message).toContain('metadata');
    expect(errors?.[0].extensions?.code).not.toBe('INTERNAL');
  });

  it('answers a conflict when the key is taken', async () => {
    await create({ name: 'Twice' });
    expect(await create({ name: 'Twice' })).toMatchObject({ __typename: 'ConflictError', code: 'CONFLICT' });
  });

  it('refuses an assistant that does not exist', async () => {
    expect(pathsOf(await create({ name: 'Assisted', assistantId: 'ast_01m7xb1a9qenfvgb7ykx77vyn2' }))).toEqual([
      'assistantId',
    ]);
  });

  it('is forbidden to a key that only reads', async () => {
    const reader = await app.withPermissions('READ');
    expect(await mutate(reader, 'createStage', { name: 'Not mine' })).toMatchObject({
      __typename: 'ForbiddenError',
      code: 'FORBIDDEN',
    });
  });
});

describe('stage', () => {
  it('is found by id and by key', async () => {
    const { stage } = await create({ name: 'Findable' });
    expect((await app.query(FIND, { by: { id: stage.id } })).stage).toEqual(stage);
    expect((await app.query(FIND, { by: { key: 'findable' } })).stage).toEqual(stage);
  });

  it('is null for a key nobody has, or nobody can have', async () => {
    for (const key of ['nobody', '', '\u0000', '\ud800'])
      expect((await app.query(FIND, { by: { key } })).stage).toBeNull();
  });

  it('is missing for another workspace', async () => {
    const { stage } = await create({ name: 'Foreign to some' });
    const stranger = await app.stranger();
    expect((await stranger.query(FIND, { by: { id: stage.id } })).stage).toBeNull();
    expect((await stranger.query(FIND, { by: { key: stage.key } })).stage).toBeNull();
    expect((await stranger.query('query ($id: ID!) { node(id: $id) { id } }', { id: stage.id })).node).toBeNull();
    expect(await mutate(stranger, 'updateStage', { stage: { id: stage.id }, name: 'Stolen' })).toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await mutate(stranger, 'archiveStage', { stage: { id: stage.id } })).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('updateStage', () => {
  it('changes what is given and keeps the key', async () => {
    await create({ name: 'Renamed', description: 'Before', metadata: { a: 1 } });
    const { stage } = await mutate(app, 'updateStage', { stage: { key: 'renamed' }, name: 'Another name' }, STAGE);
    expect(stage).toMatchObject({ key: 'renamed', name: 'Another name', description: 'Before', metadata: { a: 1 } });
  });

  it('clears what is null', async () => {
    await create({ name: 'Cleared', description: 'Before', metadata: { a: 1 } });
    const input = { stage: { key: 'cleared' }, description: null, metadata: null };
    expect((await mutate(app, 'updateStage', input, STAGE)).stage).toMatchObject({ description: null, metadata: {} });
  });

  it('works with a key that only writes', async () => {
    await create({ name: 'Written' });
    const writer = await app.withPermissions('WRITE');
    const { stage } = await mutate(
      writer,
      'updateStage',
      { stage: { key: 'written' }, name: 'By a writer' },
      'stage { name }',
    );
    expect(stage).toEqual({ name: 'By a writer' });
  });
});

describe('archiveStage', () => {
  it('takes a stage out of the list, not out of reach', async () => {
    const stranger = await app.stranger();
    await mutate(stranger, 'createStage', { name: 'Kept' });
    await mutate(stranger, 'createStage', { name: 'Archived' });
    await mutate(stranger, 'archiveStage', { stage: { key: 'archived' } });
    const { current, all, one } = await stranger.query(`{
      current: stages { edges { node { key } } }
      all: stages(includeArchived: true) { edges { node { key } } }
      one: stage(by: { key: "archived" }) { archivedAt }
    }`);
    expect(current.edges).toEqual([{ node: { key: 'kept' } }]);
    expect(all.edges).toHaveLength(2);
    expect(one.archivedAt).not.toBeNull();
  });
});

describe('stages', () => {
  it('are paged, oldest first', async () => {
    const stranger = await app.stranger();
    for (const name of ['First', 'Second', 'Third']) await mutate(stranger, 'createStage', { name });
    const PAGE =
      'query ($after: String) { stages(first: 2, after: $after) { edges { node { key } } pageInfo { hasNextPage endCursor } } }';
    const { stages } = await stranger.query(PAGE);
    expect(stages.edges.map(({ node }: { node: { key: string } }) => node.key)).toEqual(['first', 'second']);
    expect(stages.pageInfo.hasNextPage).toBe(true);
    const rest = await stranger.query(PAGE, { after: stages.pageInfo.endCursor });
    expect(rest.stages).toMatchObject({ edges: [{ node: { key: 'third' } }], pageInfo: { hasNextPage: false } });
  });

  it('refuse a cursor that is none of theirs', async () => {
    const { errors } = await app.execute('{ stages(after: "nonsense") { edges { cursor } } }');
    expect(errors?.[0].extensions.code).toBe('INVALID_INPUT');
  });

  it('cost one statement with their assistants, however many they are', async () => {
    const list = () =>
      app.query('{ stages(first: 100) { edges { node { key assistant { name worker { name } } } } } }');
    await list();
    expect(await statementsOf(list)).toHaveLength(1);
  });
});
