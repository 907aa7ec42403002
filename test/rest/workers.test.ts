import { describe, expect, it } from 'vitest';
import { type Caller, startTestApp } from '../support/app.ts';
import { mutate, pathsOf } from '../support/mutate.ts';

const app = await startTestApp();

const newWorker = async (body: object = { name: 'Worker' }, caller: Caller = app) =>
  (await caller.rest('POST', '/workers', body)).body.data;
const create = (workerId: string, body: object = {}, caller: Caller = app) =>
  caller.rest('POST', `/workers/${workerId}/assistants`, { name: 'Guide', instructions: 'Be kind.', ...body });
const newAssistant = async (body: object = {}) => (await create((await newWorker()).id, body)).body.data;
const patch = (id: string, body: unknown, caller: Caller = app) => caller.rest('PATCH', `/assistant/${id}`, body);

describe('POST /workers', () => {
  it('answers 201 with the worker', async () => {
    const { status, body } = await app.rest('POST', '/workers', {
      name: 'Sales',
      description: 'Sells',
      timezone: 'America/Sao_Paulo',
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      message: 'Worker created successfully',
      data: {
        id: expect.stringMatching(/^wrk_/),
        name: 'Sales',
        description: 'Sells',
        timezone: 'America/Sao_Paulo',
        default_assistant_id: null,
        created_at: expect.any(String),
        updated_at: expect.any(String),
      },
    });
  });

  it.each([
    ['no name', {}, 'name'],
    ['an unknown zone', { name: 'W', timezone: 'Mars/Olympus' }, 'timezone'],
    ['a description that is a number', { name: 'W', description: 1 }, 'description'],
  ])('answers 400 for %s', async (_what, input, path) => {
    const { status, body } = await app.rest('POST', '/workers', input);
    expect(status).toBe(400);
    expect(pathsOf(body)).toEqual([path]);
  });

  it('answers 403 to a key that only reads', async () => {
    expect((await (await app.withPermissions('READ')).rest('POST', '/workers', { name: 'W' })).status).toBe(403);
  });
});

describe('GET /workers', () => {
  it('pages through the workers and finds one', async () => {
    const other = await app.stranger();
    const one = await newWorker({ name: 'One' }, other);
    const two = await newWorker({ name: 'Two' }, other);
    expect((await other.rest('GET', '/workers')).body).toEqual({
      message: 'Workers retrieved successfully',
      data: [one, two],
    });
    expect((await other.rest('GET', '/workers?page=2&limit=1')).body.data).toEqual([two]);
    expect((await other.rest('GET', `/workers/${one.id}`)).body.data).toEqual(one);
  });

  it('answers 404 for one that does not exist, also in another workspace', async () => {
    const worker = await newWorker();
    expect((await (await app.stranger()).rest('GET', `/workers/${worker.id}`)).status).toBe(404);
    for (const id of ['wrk_none', '%00']) expect((await app.rest('GET', `/workers/${id}`)).status).toBe(404);
  });

  it('answers 403 to an access token', async () => {
    await app.rest('PUT', '/identity/ada');
    const { token } = await mutate(app, 'createAccessToken', { identity: { externalId: 'ada' } }, 'token');
    expect((await app.withCredential(token).rest('GET', '/workers')).status).toBe(403);
  });
});

describe('DELETE /workers/:worker_id', () => {
  it('takes the worker and its assistants out of the workspace', async () => {
    const worker = await newWorker();
    const { data: assistant } = (await create(worker.id)).body;
    const { status, body } = await app.rest('DELETE', `/workers/${worker.id}`);
    expect(status).toBe(200);
    expect(body).toEqual({ message: 'Worker deleted successfully' });
    for (const path of [`/workers/${worker.id}`, `/assistant/${assistant.id}`])
      expect((await app.rest('GET', path)).status).toBe(404);
    expect((await app.rest('DELETE', `/workers/${worker.id}`)).status).toBe(404);
  });

  it('answers 403 to a key that only reads and 404 to another workspace', async () => {
    const { id } = await newWorker();
    expect((await (await app.withPermissions('READ')).rest('DELETE', `/workers/${id}`)).status).toBe(403);
    expect((await (await app.stranger()).rest('DELETE', `/workers/${id}`)).status).toBe(404);
  });
});

describe('POST /workers/:worker_id/assistants', () => {
  it('answers 201 with the assistant', async () => {
    const worker = await newWorker();
    const { status, body } = await create(worker.id, {
      provider: 'openai',
      model: 'small',
      languages: ['pt-BR'],
      moves_stages: true,
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      message: 'Assistant created successfully',
      data: {
        id: expect.stringMatching(/^ast_/),
        worker_id: worker.id,
        name: 'Guide',
        instructions: 'Be kind.',
        instructions_version: 1,
        model: 'small',
        provider: 'OPENAI',
        languages: ['pt-BR'],
        moves_stages: true,
        context_tokens: null,
        created_at: expect.any(String),
        updated_at: expect.any(String),
      },
    });
    expect((await app.rest('GET', `/workers/${worker.id}`)).body.data.default_assistant_id).toBe(body.data.id);
  });

  it.each([
    ['no name', { name: undefined }, 'name'],
    ['no instructions', { instructions: undefined }, 'instructions'],
    ['instructions that do not compile', { instructions: '{{#if}}' }, 'instructions'],
    ['another provider', { provider: 'ACME' }, 'provider'],
    ['a wrong language', { languages: ['english'] }, 'languages.0'],
    ['moves_stages that is text', { moves_stages: 'yes' }, 'moves_stages'],
  ])('answers 400 for %s', async (_what, input, path) => {
    const { status, body } = await create((await newWorker()).id, input);
    expect(status).toBe(400);
    expect(pathsOf(body)).toEqual([path]);
  });

  it('answers 404 for a worker that does not exist, also in another workspace', async () => {
    expect((await create('wrk_none')).status).toBe(404);
    expect((await create((await newWorker()).id, {}, await app.stranger())).status).toBe(404);
  });

  it('answers 403 to a key that only reads', async () => {
    expect((await create((await newWorker()).id, {}, await app.withPermissions('READ'))).status).toBe(403);
  });
});

describe('PATCH /assistant/:assistant_id', () => {
  it('changes what is given and answers what GET answers', async () => {
    const assistant = await newAssistant();
    const { status, body } = await patch(assistant.id, { instructions: 'Be brief.', languages: ['en', 'es-MX'] });
    expect(status).toBe(200);
    expect(body.message).toBe('Assistant updated successfully');
    expect(body.data).toMatchObject({
      name: 'Guide',
      instructions: 'Be brief.',
      instructions_version: 2,
      languages: ['en', 'es-MX'],
    });
    expect((await app.rest('GET', `/assistant/${assistant.id}`)).body.data).toEqual(body.data);
  });

  it.each([
    ['a wrong language', { languages: ['en', 'pt-br'] }, 'languages.1'],
    ['languages that are text', { languages: 'pt' }, 'languages'],
    ['another provider', { provider: 'ACME' }, 'provider'],
    ['a blank name', { name: ' ' }, 'name'],
    ['instructions that do not compile', { instructions: '{{/if}}' }, 'instructions'],
  ])('answers 422 for %s', async (_what, input, path) => {
    const { status, body } = await patch((await newAssistant()).id, input);
    expect(status).toBe(422);
    expect(body).toMatchObject({ status: 422, code: 'INVALID_INPUT' });
    expect(pathsOf(body)).toEqual([path]);
  });

  it('answers 400 for a body that is no JSON object', async () => {
    const { id } = await newAssistant();
    for (const body of ['{', '[]']) expect((await patch(id, body)).status).toBe(400);
  });

  it('answers 404 for an assistant that does not exist, also in another workspace', async () => {
    expect((await patch('ast_none', { name: 'X' })).status).toBe(404);
    expect((await patch((await newAssistant()).id, { name: 'X' }, await app.stranger())).status).toBe(404);
  });

  it('answers 403 to a key that only reads', async () => {
    expect((await patch((await newAssistant()).id, { name: 'X' }, await app.withPermissions('READ'))).status).toBe(403);
  });
});

describe('DELETE /assistant/:assistant_id', () => {
  it('answers a message only, and 404 from then on', async () => {
    const { id } = await newAssistant();
    const { status, body } = await app.rest('DELETE', `/assistant/${id}`);
    expect(status).toBe(200);
    expect(body).toEqual({ message: 'Assistant deleted successfully' });
    expect((await app.rest('GET', `/assistant/${id}`)).status).toBe(404);
    expect((await app.rest('DELETE', `/assistant/${id}`)).status).toBe(404);
  });

  it('answers 403 to a key that only reads and 404 to another workspace', async () => {
    const { id } = await newAssistant();
    expect((await (await app.withPermissions('READ')).rest('DELETE', `/assistant/${id}`)).status).toBe(403);
    expect((await (await app.stranger()).rest('DELETE', `/assistant/${id}`)).status).toBe(404);
  });
});
