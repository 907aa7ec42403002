import { describe, expect, it } from 'vitest';
import { type Caller, startTestApp } from '../support/app.ts';
import { prepareDemo } from '../support/demo.ts';
import { pathsOf } from '../support/mutate.ts';

const app = await startTestApp();
const UNKNOWN = 'idn_01m7xb1a9qenfvgb7ykx77vyn2';

const put = (id: string, body: object = {}, caller: Caller = app) =>
  caller.rest('PUT', `/identity/${encodeURIComponent(id)}`, body);
const move = (id: string, body: unknown, caller: Caller = app) => caller.rest('POST', `/identity/${id}/stage`, body);

describe('PUT /identity/:identity_id', () => {
  it('answers 201 when it creates', async () => {
    const { status, body } = await put('user_1', {
      name: 'Ada',
      phone: '+1',
      email: 'a@example.org',
      metadata: { plan: 'pro' },
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      message: 'Identity created successfully',
      data: {
        id: expect.stringMatching(/^idn_/),
        external_id: 'user_1',
        name: 'Ada',
        phone: '+1',
        email: 'a@example.org',
        metadata: { plan: 'pro' },
        stage: null,
        stage_id: null,
        stage_entered_at: null,
        created_at: expect.any(String),
        updated_at: expect.any(String),
      },
    });
  });

  it('answers 200 when it changes, and keeps what is omitted', async () => {
    await put('user_2', { name: 'Grace', phone: '+1' });
    const { status, body } = await put('user_2', { phone: null });
    expect(status).toBe(200);
    expect(body.message).toBe('Identity updated successfully');
    expect(body.data).toMatchObject({ name: 'Grace', phone: null });
  });

  it('takes the id as well', async () => {
    const { data } = (await put('user_3')).body;
    const { status, body } = await put(data.id, { name: 'By id' });
    expect(status).toBe(200);
    expect(body.data).toMatchObject({ id: data.id, external_id: 'user_3', name: 'By id' });
  });

  it('takes an external id with signs of its own', async () => {
    expect((await put('a/b c?é')).body.data.external_id).toBe('a/b c?é');
    expect((await app.rest('GET', `/identity/${encodeURIComponent('a/b c?é')}`)).status).toBe(200);
  });

  it('changes the external id', async () => {
    await put('before');
    expect((await put('before', { external_id: 'after' })).body.data.external_id).toBe('after');
    expect((await app.rest('GET', '/identity/before')).status).toBe(404);
  });

  it('answers 409 when the external id is taken', async () => {
    await put('holder');
    await put('claimant');
    const { status, body } = await put('claimant', { external_id: 'holder' });
    expect(status).toBe(409);
    expect(body.code).toBe('CONFLICT');
  });

  it.each([UNKNOWN, 'idn_typo'])('answers 404 for the id %s, which does not exist', async (id) => {
    expect((await put(id, { name: 'Nobody' })).status).toBe(404);
  });

  it('answers 404 for an identity of another workspace', async () => {
    const { data } = (await put('private')).body;
    expect((await put(data.id, { name: 'Stolen' }, await app.stranger())).status).toBe(404);
  });

  it('answers one 201 to simultaneous calls, and 200 to the others', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => put('race', { name: 'Same' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 201]);
    expect(new Set(answers.map(({ body }) => body.data.id)).size).toBe(1);
  });

  it.each([
    ['a name that is a number', { name: 1 }, 'name'],
    ['a long phone', { phone: '1'.repeat(51) }, 'phone'],
    ['metadata that is text', { metadata: 'text' }, 'metadata'],
    ['an external id that looks like an id', { external_id: 'idn_mine' }, 'external_id'],
  ])('answers 400 for %s', async (_what, input, path) => {
    const { status, body } = await put('wrong', input);
    expect(status).toBe(400);
    expect(pathsOf(body)).toEqual([path]);
  });

  it('answers 400 for an external id of 201 characters', async () => {
    expect((await put('x'.repeat(201))).status).toBe(400);
  });

  it('answers 403 to a key that only reads', async () => {
    expect((await put('denied', {}, await app.withPermissions('READ'))).status).toBe(403);
  });
});

describe('GET /identity', () => {
  it('pages through the identities, oldest first', async () => {
    const other = await app.stranger();
    for (const id of ['one', 'two', 'three']) await put(id, {}, other);
    const page = async (query: string) => {
      const { status, body } = await other.rest('GET', `/identity${query}`);
      expect(status).toBe(200);
      return body.data.map(({ external_id }: { external_id: string }) => external_id);
    };
    expect(await page('')).toEqual(['one', 'two', 'three']);
    expect(await page('?page=1&limit=2')).toEqual(['one', 'two']);
    expect(await page('?page=2&limit=2')).toEqual(['three']);
    expect(await page('?page=9')).toEqual([]);
  });

  it.each(['page=0', 'page=-1', 'page=x', 'limit=0', 'limit=101', 'limit=1.5'])(
    'answers 400 for ?%s',
    async (query) => {
      const { status, body } = await app.rest('GET', `/identity?${query}`);
      expect(status).toBe(400);
      expect(pathsOf(body)).toEqual([query.split('=')[0]]);
    },
  );

  it('answers 404 for one that does not exist', async () => {
    for (const id of [UNKNOWN, 'nobody', '%00']) expect((await app.rest('GET', `/identity/${id}`)).status).toBe(404);
  });

  it('answers 404 for one of another workspace', async () => {
    const { data } = (await put('secret')).body;
    const other = await app.stranger();
    for (const id of [data.id, 'secret']) expect((await other.rest('GET', `/identity/${id}`)).status).toBe(404);
  });
});

describe('POST /identity/:identity_id/stage', () => {
  it('answers the identity with the key of its stage', async () => {
    const { data: stage } = (await app.rest('POST', '/stages', { name: 'Moved in' })).body;
    await put('mover');
    const { status, body } = await move('mover', { stage_id: 'moved_in', metadata: { by: 'form' } });
    expect(status).toBe(200);
    expect(body.message).toBe('Stage assigned successfully');
    expect(body.data).toMatchObject({
      external_id: 'mover',
      stage: 'moved_in',
      stage_id: stage.id,
      stage_entered_at: expect.any(String),
    });
    expect((await app.rest('GET', '/identity/mover')).body.data).toEqual(body.data);
  });

  it('takes the id of the stage', async () => {
    const { data: stage } = (await app.rest('POST', '/stages', { name: 'By its id' })).body;
    await put('by-id');
    expect((await move('by-id', { stage_id: stage.id })).body.data.stage).toBe('by_its_id');
  });

  it('answers 409 with the real stage when another is expected', async () => {
    await app.rest('POST', '/stages', { name: 'Expected' });
    await app.rest('POST', '/stages', { name: 'Actual' });
    await put('elsewhere');
    await move('elsewhere', { stage_id: 'actual' });
    const { status, body } = await move('elsewhere', { stage_id: 'expected', expected_stage_id: 'expected' });
    expect(status).toBe(409);
    expect(body).toMatchObject({ code: 'STAGE_CONFLICT', message: expect.stringContaining('"actual"') });
  });

  it('answers 400 without a stage', async () => {
    await put('stageless');
    const { status, body } = await move('stageless', {});
    expect(status).toBe(400);
    expect(pathsOf(body)).toEqual(['stage_id']);
  });

  it('answers 400 for metadata that is a list', async () => {
    await put('stageless');
    expect(pathsOf((await move('stageless', { stage_id: 'moved_in', metadata: [] })).body)).toEqual(['metadata']);
  });

  it('answers 404 for an identity or stage that does not exist', async () => {
    await put('known');
    expect((await move('unknown', { stage_id: 'moved_in' })).status).toBe(404);
    expect((await move('known', { stage_id: 'unknown' })).status).toBe(404);
  });

  it('answers 403 to a key that only reads', async () => {
    expect((await move('mover', { stage_id: 'moved_in' }, await app.withPermissions('READ'))).status).toBe(403);
  });
});

describe('DELETE /identity/:identity_id', () => {
  it('erases the identity with all it left behind', async () => {
    const other = await app.stranger();
    await prepareDemo(other);
    await other.rest('POST', '/conversation/ada/chat/web', { text: 'Hello' });
    const { status, body } = await other.rest('DELETE', '/identity/ada');
    expect(status).toBe(200);
    expect(body).toEqual({
      message: 'Identity deleted successfully',
      data: {
        id: expect.stringMatching(/^idn_/),
        conversations: 1,
        turns: 1,
        messages: 2,
        memory: 0,
        transitions: 1,
        prompts: 1,
      },
    });
    for (const path of ['/identity/ada', `/identity/${body.data.id}`, '/memory/from/ada']) {
      expect((await other.rest('GET', path)).status).toBe(404);
    }
    expect((await other.rest('DELETE', '/identity/ada')).status).toBe(404);
  });

  it('answers 404 for an identity of another workspace', async () => {
    await put('kept');
    expect((await (await app.stranger()).rest('DELETE', '/identity/kept')).status).toBe(404);
    expect((await app.rest('GET', '/identity/kept')).status).toBe(200);
  });

  it('answers 403 to a key that only reads', async () => {
    await put('kept');
    expect((await (await app.withPermissions('READ')).rest('DELETE', '/identity/kept')).status).toBe(403);
  });
});
