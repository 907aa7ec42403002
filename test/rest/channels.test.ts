import { describe, expect, it } from 'vitest';
import { type Caller, startTestApp } from '../support/app.ts';
import { pathsOf } from '../support/mutate.ts';

const app = await startTestApp();

const create = (body: object, caller: Caller = app) => caller.rest('POST', '/channels', body);
const put = (id: string, body: object, caller: Caller = app) => caller.rest('PUT', `/channels/${id}`, body);
const newWorker = async (caller: Caller = app): Promise<string> =>
  (await caller.rest('POST', '/workers', { name: 'Worker' })).body.data.id;

describe('POST /channels', () => {
  it('answers 201 with the channel', async () => {
    const { status, body } = await create({
      name: 'Web site',
      type: 'web',
      settings: { color: 'red' },
      is_active: false,
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      message: 'Channel created successfully',
      data: {
        id: expect.stringMatching(/^chn_/),
        key: 'web_site',
        name: 'Web site',
        type: 'web',
        settings: { color: 'red' },
        is_active: false,
        worker_id: null,
        created_at: expect.any(String),
        updated_at: expect.any(String),
      },
    });
  });

  it.each([
    ['whatsapp', 'whatsapp'],
    ['WHATSAPP', 'whatsapp'],
    ['Custom', 'custom'],
  ])('takes the type %s', async (type, shown) => {
    expect(
      (await create({ name: `Type ${type}`, type, key: `type-${type.toLowerCase()}-${type.charCodeAt(0)}` })).body.data
        .type,
    ).toBe(shown);
  });

  it.each([
    ['a name of two letters', { name: 'ab' }, 'name'],
    ['a long name', { name: 'a'.repeat(101) }, 'name'],
    ['an unknown type', { name: 'Pigeons', type: 'pigeon' }, 'type'],
    ['settings that are a list', { name: 'Listed', settings: [] }, 'settings'],
    ['an unknown whenBusy', { name: 'Busy', settings: { whenBusy: 'queue' } }, 'settings.whenBusy'],
    ['is_active that is text', { name: 'Active', is_active: 'yes' }, 'is_active'],
    ['a key with capitals', { name: 'Capitals', key: 'Web' }, 'key'],
  ])('answers 400 for %s', async (_what, input, path) => {
    const { status, body } = await create(input);
    expect(status).toBe(400);
    expect(pathsOf(body)).toEqual([path]);
  });

  it('answers 409 when the key is taken', async () => {
    await create({ name: 'Taken' });
    expect((await create({ name: 'Taken' })).status).toBe(409);
  });

  it('answers 403 to a key that only reads', async () => {
    expect((await create({ name: 'Denied' }, await app.withPermissions('READ'))).status).toBe(403);
  });
});

describe('GET /channels', () => {
  it('lists the channels and finds one by id or key', async () => {
    const other = await app.stranger();
    const { data: one } = (await create({ name: 'One' }, other)).body;
    const { data: two } = (await create({ name: 'Two' }, other)).body;
    expect((await other.rest('GET', '/channels')).body).toEqual({
      message: 'Channels retrieved successfully',
      data: [one, two],
    });
    expect((await other.rest('GET', '/channels?page=2&limit=1')).body.data).toEqual([two]);
    for (const id of [one.id, 'one']) expect((await other.rest('GET', `/channels/${id}`)).body.data).toEqual(one);
  });

  it('answers 404 for one that does not exist, also in another workspace', async () => {
    const { data } = (await create({ name: 'Private' })).body;
    const other = await app.stranger();
    for (const id of [data.id, 'private']) expect((await other.rest('GET', `/channels/${id}`)).status).toBe(404);
    expect((await app.rest('GET', '/channels/%00')).status).toBe(404);
  });
});

describe('PUT /channels/:channel_id', () => {
  it('changes what is given', async () => {
    await create({ name: 'Changing', settings: { a: 1 } });
    const { status, body } = await put('changing', { name: 'Changed', is_active: false });
    expect(status).toBe(200);
    expect(body.message).toBe('Channel updated successfully');
    expect(body.data).toMatchObject({ key: 'changing', name: 'Changed', is_active: false, settings: { a: 1 } });
  });

  it.each([
    ['a name of two letters', { name: 'ab' }, 'name'],
    ['is_active that is null', { is_active: null }, 'is_active'],
    ['settings that are text', { settings: 'text' }, 'settings'],
  ])('answers 400 for %s', async (_what, input, path) => {
    await create({ name: 'Changing' });
    const { status, body } = await put('changing', input);
    expect(status).toBe(400);
    expect(pathsOf(body)).toEqual([path]);
  });

  it('answers 403 to a key that only reads and 404 to another workspace', async () => {
    const { data } = (await create({ name: 'Guarded' })).body;
    expect((await put(data.id, { name: 'Denied' }, await app.withPermissions('READ'))).status).toBe(403);
    expect((await put(data.id, { name: 'Stolen' }, await app.stranger())).status).toBe(404);
  });
});

describe('POST /channels/:channel_id/worker/:worker_id', () => {
  it('connects the worker', async () => {
    await create({ name: 'Connected' });
    const workerId = await newWorker();
    const { status, body } = await app.rest('POST', `/channels/connected/worker/${workerId}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      message: 'Channel connected successfully',
      data: { key: 'connected', worker_id: workerId },
    });
  });

  it('answers 404 for a channel or worker that does not exist or is not ours', async () => {
    await create({ name: 'Lonely' });
    const theirs = await newWorker(await app.stranger());
    const ours = await newWorker();
    for (const path of [`lonely/worker/wrk_none`, `lonely/worker/${theirs}`, `nothing/worker/${ours}`]) {
      expect((await app.rest('POST', `/channels/${path}`)).status).toBe(404);
    }
  });

  it('answers 403 to a key that only reads', async () => {
    const reader = await app.withPermissions('READ');
    expect((await reader.rest('POST', `/channels/connected/worker/${await newWorker()}`)).status).toBe(403);
  });
});

describe('DELETE /channels/:channel_id', () => {
  it('frees the key', async () => {
    const { data } = (await create({ name: 'Fleeting' })).body;
    const { status, body } = await app.rest('DELETE', '/channels/fleeting');
    expect(status).toBe(200);
    expect(body).toEqual({ message: 'Channel deleted successfully' });
    for (const id of [data.id, 'fleeting']) expect((await app.rest('GET', `/channels/${id}`)).status).toBe(404);
    expect((await create({ name: 'Fleeting' })).status).toBe(201);
  });

  it('answers 403 to a key that only reads and 404 to another workspace', async () => {
    const { data } = (await create({ name: 'Durable' })).body;
    expect((await (await app.withPermissions('READ')).rest('DELETE', `/channels/${data.id}`)).status).toBe(403);
    expect((await (await app.stranger()).rest('DELETE', `/channels/${data.id}`)).status).toBe(404);
  });
});
