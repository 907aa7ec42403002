import { describe, expect, it } from 'vitest';
import { type Caller, startTestApp } from './support/app.ts';
import { mutate, pathsOf } from './support/mutate.ts';
import { statementsOf } from './support/statements.ts';

const app = await startTestApp();
const WORKER = 'worker { id name description timezone defaultAssistant { name } }';
const ASSISTANT =
  'assistant { id name instructions instructionsVersion model provider languages movesStages worker { defaultAssistant { name } } }';
const NOBODY = 'ast_01m7xb1a9qenfvgb7ykx77vyn2';

const newWorker = async (input: object = {}, caller: Caller = app): Promise<string> =>
  (await mutate(caller, 'createWorker', { name: 'Worker', ...input }, WORKER)).worker.id;
const create = (workerId: string, input: object = {}, caller: Caller = app) =>
  mutate(caller, 'createAssistant', { workerId, name: 'Guide', instructions: 'Be kind.', ...input }, ASSISTANT);
const update = (id: string, input: object, caller: Caller = app) =>
  mutate(caller, 'updateAssistant', { id, ...input }, ASSISTANT);
const remove = (id: string, caller: Caller = app) => mutate(caller, 'deleteAssistant', { id }, 'deletedAssistantId');
const defaultOf = async (id: string) => {
  const { worker } = await app.query('query ($id: ID!) { worker(id: $id) { defaultAssistant { name } } }', { id });
  return worker.defaultAssistant?.name;
};

describe('createWorker', () => {
  it('keeps name, description and zone', async () => {
    const { worker } = await mutate(
      app,
      'createWorker',
      { name: 'W', description: 'Sells', timezone: 'America/Sao_Paulo' },
      WORKER,
    );
    expect(worker).toMatchObject({
      name: 'W',
      description: 'Sells',
      timezone: 'America/Sao_Paulo',
      defaultAssistant: null,
    });
    expect(worker.id).toMatch(/^wrk_/);
  });

  it.each(['UTC', 'Europe/Lisbon'])('takes the zone %s', async (timezone) => {
    expect(await newWorker({ timezone })).toMatch(/^wrk_/);
  });

  it.each(['Mars/Olympus', '+03:00', '', 'x'.repeat(101)])('refuses the zone "%s"', async (timezone) => {
    expect(pathsOf(await mutate(app, 'createWorker', { name: 'W', timezone }))).toEqual(['timezone']);
  });

  it.each(['', '   ', 'x'.repeat(101)])('refuses the name "%s"', async (name) => {
    expect(pathsOf(await mutate(app, 'createWorker', { name }))).toEqual(['name']);
  });
});

describe('createAssistant', () => {
  it('fills in what is omitted', async () => {
    expect((await create(await newWorker())).assistant).toMatchObject({
      instructions: 'Be kind.',
      instructionsVersion: 1,
      model: null,
      provider: 'OPENAI',
      languages: [],
      movesStages: false,
    });
  });

  it('takes the provider in any case and languages with and without a region', async () => {
    const { assistant } = await create(await newWorker(), {
      provider: 'openai',
      languages: ['pt', 'pt-BR'],
      model: 'small',
      movesStages: true,
    });
    expect(assistant).toMatchObject({
      provider: 'OPENAI',
      languages: ['pt', 'pt-BR'],
      model: 'small',
      movesStages: true,
    });
  });

  it('makes the first one the default, a later one when asked to', async () => {
    const worker = await newWorker();
    await create(worker, { name: 'One' });
    await create(worker, { name: 'Two' });
    expect(await defaultOf(worker)).toBe('One');
    await create(worker, { name: 'Three', default: true });
    expect(await defaultOf(worker)).toBe('Three');
  });

  it('names line and column of a mistake in the instructions', async () => {
    const { issues } = await create(await newWorker(), { instructions: 'Hello\n{{#if identity.stage == }}x{{/if}}' });
    expect(issues).toEqual([{ path: 'instructions', message: expect.stringMatching(/^line 2, column \d+: /) }]);
  });

  it.each([
    ['instructions that do not close a block', { instructions: '{{#if identity.name}}' }, 'instructions'],
    ['blank instructions', { instructions: ' \n' }, 'instructions'],
    ['long instructions', { instructions: 'x'.repeat(65_537) }, 'instructions'],
    ['a blank name', { name: '' }, 'name'],
    ['another provider', { provider: 'ACME' }, 'provider'],
    ['a language in capitals', { languages: ['PT'] }, 'languages.0'],
    ['a language name', { languages: ['pt', 'english'] }, 'languages.1'],
    ['a blank model', { model: ' ' }, 'model'],
  ])('refuses %s', async (_what, input, path) => {
    expect(pathsOf(await create(await newWorker(), input))).toEqual([path]);
  });

  it('answers NOT_FOUND for a worker that does not exist', async () => {
    expect(await create('wrk_01m7xb1a9qenfvgb7ykx77vyn2')).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('updateAssistant', () => {
  it('counts the version up when the instructions change, and only then', async () => {
    const { assistant } = await create(await newWorker());
    expect(await update(assistant.id, { instructions: 'Be brief.' })).toMatchObject({
      assistant: { instructionsVersion: 2 },
    });
    expect(await update(assistant.id, { instructions: 'Be brief.' })).toMatchObject({
      assistant: { instructionsVersion: 2 },
    });
    expect(await update(assistant.id, { name: 'Renamed' })).toMatchObject({
      assistant: { name: 'Renamed', instructionsVersion: 2 },
    });
  });

  it('keeps what is omitted and clears what is null', async () => {
    const { assistant } = await create(await newWorker(), { model: 'small', languages: ['pt'] });
    expect((await update(assistant.id, { model: null })).assistant).toMatchObject({
      model: null,
      languages: ['pt'],
      name: 'Guide',
    });
  });

  it('makes it the default', async () => {
    const worker = await newWorker();
    await create(worker, { name: 'One' });
    const { assistant } = await create(worker, { name: 'Two' });
    await update(assistant.id, { default: false });
    expect(await defaultOf(worker)).toBe('One');
    await update(assistant.id, { default: true });
    expect(await defaultOf(worker)).toBe('Two');
  });

  it('changes nothing when anything is wrong', async () => {
    const { assistant } = await create(await newWorker());
    expect(pathsOf(await update(assistant.id, { name: 'Changed', languages: ['xxx'] }))).toEqual(['languages.0']);
    const { assistant: now } = await app.query('query ($id: ID!) { assistant(id: $id) { name } }', {
      id: assistant.id,
    });
    expect(now.name).toBe('Guide');
  });

  it('answers NOT_FOUND for an assistant that does not exist', async () => {
    expect(await update(NOBODY, { name: 'X' })).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('deleteAssistant', () => {
  it('hands over to the oldest that remains, and to nobody after the last', async () => {
    const worker = await newWorker();
    const { assistant: one } = await create(worker, { name: 'One' });
    const { assistant: two } = await create(worker, { name: 'Two' });
    await create(worker, { name: 'Three' });
    await remove(one.id);
    expect(await defaultOf(worker)).toBe('Two');
    await remove(two.id);
    expect(await defaultOf(worker)).toBe('Three');
  });

  it('leaves the worker without a default after the last', async () => {
    const worker = await newWorker();
    const { assistant } = await create(worker);
    expect(await remove(assistant.id)).toMatchObject({ deletedAssistantId: assistant.id });
    expect(await defaultOf(worker)).toBeUndefined();
    expect(await remove(assistant.id)).toMatchObject({ code: 'NOT_FOUND' });
    expect(await update(assistant.id, { name: 'Back' })).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('detaches it from the stages that named it', async () => {
    const { assistant } = await create(await newWorker());
    await mutate(app, 'createStage', { name: 'Detached', assistantId: assistant.id });
    const stage = async () => (await app.query('{ stage(by: { key: "detached" }) { assistant { name } } }')).stage;
    expect(await stage()).toEqual({ assistant: { name: 'Guide' } });
    await remove(assistant.id);
    expect(await stage()).toEqual({ assistant: null });
  });

  it('hides it from every door', async () => {
    const { assistant } = await create(await newWorker());
    await remove(assistant.id);
    const FIND = 'query ($id: ID!) { assistant(id: $id) { id } node(id: $id) { id } }';
    expect(await app.query(FIND, { id: assistant.id })).toEqual({ assistant: null, node: null });
  });
});

describe('deleteWorker', () => {
  it('takes its assistants along and leaves its channels alone', async () => {
    const worker = await newWorker();
    const { assistant } = await create(worker);
    await mutate(app, 'createChannel', { name: 'Left alone', workerId: worker });
    expect(await mutate(app, 'deleteWorker', { id: worker }, 'deletedWorkerId')).toMatchObject({
      deletedWorkerId: worker,
    });
    const FIND = `query ($worker: ID!, $assistant: ID!) {
      worker(id: $worker) { id } node(id: $worker) { id } assistant(id: $assistant) { id }
      channel(by: { key: "left_alone" }) { worker { id } }
    }`;
    const found = await app.query(FIND, { worker, assistant: assistant.id });
    expect(found).toEqual({ worker: null, node: null, assistant: null, channel: { worker: null } });
    expect(await mutate(app, 'deleteWorker', { id: worker })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await create(worker)).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('workers and assistants', () => {
  it('of another workspace are missing', async () => {
    const worker = await newWorker();
    const { assistant } = await create(worker);
    const other = await app.stranger();
    const FIND = `query ($worker: ID!, $assistant: ID!) {
      worker(id: $worker) { id } assistant(id: $assistant) { id } nodes(ids: [$worker, $assistant]) { id }
      workers { edges { cursor } } assistants { edges { cursor } }
    }`;
    expect(await other.query(FIND, { worker, assistant: assistant.id })).toEqual({
      worker: null,
      assistant: null,
      nodes: [null, null],
      workers: { edges: [] },
      assistants: { edges: [] },
    });
    expect(await create(worker, {}, other)).toMatchObject({ code: 'NOT_FOUND' });
    expect(await update(assistant.id, { name: 'Stolen' }, other)).toMatchObject({ code: 'NOT_FOUND' });
    expect(await remove(assistant.id, other)).toMatchObject({ code: 'NOT_FOUND' });
    expect(await mutate(other, 'deleteWorker', { id: worker })).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('cannot be changed by a key that only reads', async () => {
    const worker = await newWorker();
    const { assistant } = await create(worker);
    const reader = await app.withPermissions('READ');
    expect(await mutate(reader, 'createWorker', { name: 'W' })).toMatchObject({ code: 'FORBIDDEN' });
    expect(await mutate(reader, 'deleteWorker', { id: worker })).toMatchObject({ code: 'FORBIDDEN' });
    expect(await create(worker, {}, reader)).toMatchObject({ code: 'FORBIDDEN' });
    expect(await update(assistant.id, {}, reader)).toMatchObject({ code: 'FORBIDDEN' });
    expect(await remove(assistant.id, reader)).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('are hidden from access tokens', async () => {
    const worker = await newWorker();
    const { assistant } = await create(worker);
    await mutate(app, 'upsertIdentity', { identity: { externalId: 'user' } });
    const { token } = await mutate(app, 'createAccessToken', { identity: { externalId: 'user' } }, 'token');
    const holder = app.withCredential(token);
    for (const field of [
      'workers { edges { cursor } }',
      `worker(id: "${worker}") { id }`,
      'assistants { edges { cursor } }',
    ]) {
      expect((await holder.execute(`{ ${field} }`)).errors?.[0].extensions.code).toBe('FORBIDDEN');
    }
    const NODES = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
    expect((await holder.query(NODES, { ids: [worker, assistant.id] })).nodes).toEqual([null, null]);
  });

  it('cost one statement with everything around them', async () => {
    const list = () =>
      app.query(`{
        workers(first: 100) {
          edges { node { defaultAssistant { name } assistants(first: 10) { edges { node { name } } } channels { edges { node { key } } } } }
        }
      }`);
    await list();
    expect(await statementsOf(list)).toHaveLength(1);
    const assistants = () => app.query('{ assistants(first: 100) { edges { node { name worker { name } } } } }');
    await assistants();
    expect(await statementsOf(assistants)).toHaveLength(1);
  });
});
