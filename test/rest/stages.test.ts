import { describe, expect, it } from 'vitest';
import { startTestApp } from '../support/app.ts';
import { pathsOf } from '../support/mutate.ts';

const app = await startTestApp();

describe('POST /stages', () => {
  it('answers 201 with the stage', async () => {
    const { status, body } = await app.rest('POST', '/stages', {
      name: 'Sign up',
      description: 'New here',
      metadata: { a: 1 },
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      message: 'Stage created successfully',
      data: {
        id: expect.stringMatching(/^stg_/),
        key: 'sign_up',
        name: 'Sign up',
        description: 'New here',
        metadata: { a: 1 },
        created_at: expect.any(String),
        updated_at: expect.any(String),
      },
    });
  });

  it('answers 400 with problem details that name the field', async () => {
    const { status, headers, body } = await app.rest('POST', '/stages', { name: 'ab' });
    expect(status).toBe(400);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(body).toMatchObject({ type: 'about:blank', title: 'Bad Request', status: 400, code: 'INVALID_INPUT' });
    expect(body.message).toBe(body.detail);
    expect(pathsOf(body)).toEqual(['name']);
  });

  it.each([
    ['no name', {}, 'name'],
    ['a name that is a number', { name: 123 }, 'name'],
    ['a long name', { name: 'a'.repeat(101) }, 'name'],
    ['metadata that is a list', { name: 'Listed', metadata: [1] }, 'metadata'],
    ['a description with a NUL', { name: 'Nul', description: 'a\u0000b' }, 'description'],
    ['an unknown assistant', { name: 'Assisted', assistant_id: 'ast_none' }, 'assistant_id'],
  ])('answers 400 for %s', async (_what, input, path) => {
    const { status, body } = await app.rest('POST', '/stages', input);
    expect(status).toBe(400);
    expect(pathsOf(body)).toEqual([path]);
  });

  it.each(['{', '[]', '"text"', 'null'])('answers 400 for the body %s', async (text) => {
    expect((await app.rest('POST', '/stages', text)).status).toBe(400);
  });

  it('answers 409 when the key is taken', async () => {
    await app.rest('POST', '/stages', { name: 'Taken' });
    expect((await app.rest('POST', '/stages', { name: 'Taken' })).status).toBe(409);
  });

  it('answers 403 to a key that only reads', async () => {
    const { status, body } = await (await app.withPermissions('READ')).rest('POST', '/stages', { name: 'Not mine' });
    expect(status).toBe(403);
    expect(body.code).toBe('FORBIDDEN');
  });

  it('answers 401 without a good key', async () => {
    expect((await app.withCredential('mp_wrong').rest('POST', '/stages', { name: 'Nobody' })).status).toBe(401);
  });
});

describe('GET /stages', () => {
  it('lists the stages in data', async () => {
    const stranger = await app.stranger();
    await stranger.rest('POST', '/stages', { name: 'First' });
    await stranger.rest('POST', '/stages', { name: 'Second' });
    const { status, body } = await stranger.rest('GET', '/stages');
    expect(status).toBe(200);
    expect(body.message).toBe('Stages retrieved successfully');
    expect(body.data.map(({ key }: { key: string }) => key)).toEqual(['first', 'second']);
  });

  it('finds one by id or key', async () => {
    const { data } = (await app.rest('POST', '/stages', { name: 'Found' })).body;
    expect((await app.rest('GET', `/stages/${data.id}`)).body.data).toEqual(data);
    expect((await app.rest('GET', '/stages/found')).body.data).toEqual(data);
  });

  it('answers 404 for what does not exist', async () => {
    const { status, body } = await app.rest('GET', '/stages/nothing');
    expect(status).toBe(404);
    expect(body.code).toBe('NOT_FOUND');
  });

  it('answers 404 for text that cannot be a key', async () => {
    expect((await app.rest('GET', '/stages/%00')).status).toBe(404);
  });

  it('answers 404 for a stage of another workspace', async () => {
    const { data } = (await app.rest('POST', '/stages', { name: 'Private' })).body;
    const stranger = await app.stranger();
    expect((await stranger.rest('GET', `/stages/${data.id}`)).status).toBe(404);
    expect((await stranger.rest('PUT', `/stages/${data.id}`, { name: 'Stolen' })).status).toBe(404);
  });
});

describe('PUT /stages/:stage_id', () => {
  it('changes what is given; the key survives the rename', async () => {
    await app.rest('POST', '/stages', { name: 'onboarding_done', description: 'Before' });
    const { status, body } = await app.rest('PUT', '/stages/onboarding_done', { name: 'Onboarding done' });
    expect(status).toBe(200);
    expect(body.message).toBe('Stage updated successfully');
    expect(body.data).toMatchObject({ key: 'onboarding_done', name: 'Onboarding done', description: 'Before' });
  });

  it('answers 400 for a name of two letters', async () => {
    await app.rest('POST', '/stages', { name: 'Shortened' });
    expect((await app.rest('PUT', '/stages/shortened', { name: 'ab' })).status).toBe(400);
  });

  it('answers 403 to a key that only reads', async () => {
    const reader = await app.withPermissions('READ');
    expect((await reader.rest('PUT', '/stages/onboarding_done', { name: 'Not mine' })).status).toBe(403);
  });
});
