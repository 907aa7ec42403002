import { describe, expect, it } from 'vitest';
import { startTestApp } from '../support/app.ts';
import { mutate } from '../support/mutate.ts';

const app = await startTestApp();
await app.rest('PUT', '/identity/ada');
const ada = { externalId: 'ada' };
await mutate(app, 'remember', {
  identity: ada,
  key: 'preferences.language',
  value: 'pt-BR',
  source: 'conversation',
  confidence: 0.95,
});
await mutate(app, 'remember', { identity: ada, key: 'history.orders', value: [1, 2] });

describe('GET /memory/from/:identity_id', () => {
  it('lists the entries by key', async () => {
    const { status, body } = await app.rest('GET', '/memory/from/ada');
    expect(status).toBe(200);
    expect(body).toEqual({
      message: 'Memory retrieved successfully',
      data: [
        {
          key: 'history.orders',
          value: [1, 2],
          metadata: { source: 'api', confidence: null },
          created_at: expect.any(String),
          updated_at: expect.any(String),
        },
        {
          key: 'preferences.language',
          value: 'pt-BR',
          metadata: { source: 'conversation', confidence: 0.95 },
          created_at: expect.any(String),
          updated_at: expect.any(String),
        },
      ],
    });
  });

  it('takes the id as well', async () => {
    const { data } = (await app.rest('GET', '/identity/ada')).body;
    expect((await app.rest('GET', `/memory/from/${data.id}`)).body.data).toHaveLength(2);
  });

  it('is empty for an identity of which nothing is known', async () => {
    await app.rest('PUT', '/identity/unknown');
    expect((await app.rest('GET', '/memory/from/unknown')).body.data).toEqual([]);
  });

  it('answers 404 for an identity that does not exist', async () => {
    for (const id of ['nobody', 'idn_01m7xb1a9qenfvgb7ykx77vyn2', '%00']) {
      expect((await app.rest('GET', `/memory/from/${id}`)).status).toBe(404);
    }
  });

  it('answers 404 for an identity of another workspace', async () => {
    expect((await (await app.stranger()).rest('GET', '/memory/from/ada')).status).toBe(404);
  });

  it('answers an access token for its own identity only', async () => {
    await app.rest('PUT', '/identity/bob');
    const { token } = await mutate(app, 'createAccessToken', { identity: ada, permissions: ['READ'] }, 'token');
    const holder = app.withCredential(token);
    expect((await holder.rest('GET', '/memory/from/ada')).status).toBe(200);
    expect((await holder.rest('GET', '/memory/from/bob')).status).toBe(404);
  });

  it('answers 403 to a key that only writes', async () => {
    expect((await (await app.withPermissions('WRITE')).rest('GET', '/memory/from/ada')).status).toBe(403);
  });
});
