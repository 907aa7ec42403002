import { describe, expect, it } from 'vitest';
import { startTestApp } from '../support/app.ts';

const app = await startTestApp();
const URL = 'http://milepost.test/graphql';
const CREATE = 'mutation { createStage(input: { name: "By GET" }) { __typename } }';

interface Call {
  query?: Record<string, string>;
  method?: string;
  body?: string | Buffer<ArrayBuffer>;
  headers?: Record<string, string>;
  credential?: string | null;
}

async function call({ query = {}, method = 'GET', body, headers = {}, credential = app.credential }: Call) {
  const authorization: Record<string, string> = credential === null ? {} : { authorization: `Bearer ${credential}` };
  const init: RequestInit = { method, headers: { ...authorization, ...headers } };
  if (body !== undefined) init.body = body;
  const response = await app.app.fetch(new Request(`${URL}?${new URLSearchParams(query)}`, init));
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) };
}

describe('GET', () => {
  it('answers a query', async () => {
    const variables = JSON.stringify({ key: 'none' });
    const query = { query: 'query ($key: String!) { stage(by: { key: $key }) { id } }', variables };
    expect((await call({ query })).json()).toEqual({ data: { stage: null } });
  });

  it('refuses a mutation and does nothing', async () => {
    const { status, text } = await call({ query: { query: CREATE } });
    expect(status).toBe(405);
    expect(text).toContain('errors');
    expect(await app.database.db.stage.count()).toBe(0);
  });

  it('refuses a mutation that stands beside a query', async () => {
    const query = { query: `query Read { workspace { id } } ${CREATE.replace('mutation', 'mutation Write')}` };
    expect((await call({ query: { ...query, operationName: 'Write' } })).status).toBe(405);
    expect((await call({ query: { ...query, operationName: 'Read' } })).status).toBe(200);
    expect(await app.database.db.stage.count()).toBe(0);
  });

  it.each(['variables', 'extensions'])('refuses %s that are no JSON', async (name) => {
    const { status, json } = await call({ query: { query: '{ workspace { id } }', [name]: '{' } });
    expect(status).toBe(400);
    expect(json().errors[0].extensions.issues).toEqual([{ path: name, message: 'must be JSON' }]);
  });

  it('shows browsers an explorer that needs nothing from elsewhere', async () => {
    const { status, headers, text } = await call({ headers: { accept: 'text/html,*/*;q=0.8' }, credential: null });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/html/);
    const loaded = /(?:src|href)\s*=\s*["']?(?:https?:)?\/\/|url\(\s*["']?https?:|import\s*\(?\s*["']https?:/g;
    expect(text.match(loaded)).toBeNull();
    expect(text).not.toMatch(/jsdelivr|unpkg|esm\.sh|googleapis|cdnjs/);
  });
});

describe('POST', () => {
  const body = JSON.stringify({ query: '{ workspace { id } }' });
  const json = { 'content-type': 'application/json' };

  it('answers JSON, also as application/graphql-response+json', async () => {
    const expected = { data: { workspace: { id: app.workspaceId } } };
    expect((await call({ method: 'POST', body, headers: json })).json()).toEqual(expected);
    const accept = 'application/graphql-response+json';
    const { headers, json: read } = await call({ method: 'POST', body, headers: { ...json, accept } });
    expect(headers.get('content-type')).toMatch(accept);
    expect(read()).toEqual(expected);
  });

  const change = JSON.stringify({ query: CREATE });
  const part = (name: string, value: string) =>
    `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;

  it.each([
    ['text/plain', change],
    ['text/plain;charset=UTF-8', change],
    ['text/plain; application/json', change],
    ['application/jsonp', change],
    ['application/x-www-form-urlencoded', new URLSearchParams({ query: CREATE }).toString()],
    ['multipart/form-data; boundary=x', `${part('operations', change)}${part('map', '{}')}--x--`],
    ['application/graphql', CREATE],
    ['application/octet-stream', change],
    ['', change],
  ])('refuses a body of the type %j, which a page elsewhere may send unasked', async (type, sent) => {
    const { status, json: read } = await call({ method: 'POST', body: sent, headers: { 'content-type': type } });
    expect([status, read().errors[0].extensions.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    expect(await app.database.db.stage.count()).toBe(0);
  });

  it.each([
    ['that is no UTF-8', Buffer.from('{"query":"{ stage(by: { key: \\"\xff\\" }) { id } }"}', 'latin1'), ''],
    ['that is a list', `[${body}]`, ''],
  ])('refuses a body %s', async (_what, sent, path) => {
    const { status, json: read } = await call({ method: 'POST', body: sent, headers: json });
    expect(status).toBe(400);
    expect(read().errors[0].extensions).toMatchObject({ code: 'INVALID_INPUT', issues: [{ path }] });
  });

  it.each([
    ['that is no JSON', '{'],
    ['without a query', '{}'],
    ['whose query is no text', '{"query": 1}'],
    ['with a fault in the document', '{"query": "{ workspace {"}'],
    ['with an unknown field', '{"query": "{ nothing }"}'],
    [
      'with variables of a wrong kind',
      '{"query": "query ($id: ID!) { turn(id: $id) { id } }", "variables": {"id": {}}}',
    ],
  ])('answers a body %s with what is wrong and nothing of the inside', async (_what, faulty) => {
    const { status, text } = await call({ method: 'POST', body: faulty, headers: json });
    expect(status).toBeLessThan(500);
    expect(JSON.parse(text).errors[0].message).toEqual(expect.any(String));
    expect(text).not.toMatch(/stack|node_modules|originalError|"INTERNAL"/);
  });

  it('refuses a body that is too large', async () => {
    const large = JSON.stringify({ query: '{ workspace { id } }', variables: { padding: 'x'.repeat(1_100_000) } });
    expect((await call({ method: 'POST', body: large, headers: json })).status).toBe(413);
  });
});

describe('credentials', () => {
  const body = JSON.stringify({ query: '{ workspace { id } }' });

  it.each([
    ['missing', null, {}],
    ['unknown', 'mp_unknown', {}],
    ['a forged token', 'eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl', {}],
    ['empty', null, { 'x-api-key': '' }],
  ])('that are %s are answered with 401 and a code', async (_what, credential, headers) => {
    const all = { 'content-type': 'application/json', ...headers };
    const { status, json } = await call({ method: 'POST', body, credential, headers: all });
    expect(status).toBe(401);
    expect(json().errors[0].extensions.code).toBe('UNAUTHENTICATED');
    expect(json().data ?? null).toBeNull();
  });

  it('may come as x-api-key', async () => {
    const headers = { 'content-type': 'application/json', 'x-api-key': app.credential };
    expect((await call({ method: 'POST', body, credential: null, headers })).status).toBe(200);
  });
});

describe('a fault of the server', () => {
  it('is told as such, without its words', async () => {
    const { pool } = app.database;
    await pool.query('ALTER TABLE stages RENAME TO hidden_stages');
    const { data, errors } = await app.execute('{ workspace { id } stage(by: { key: "none" }) { id } }');
    await pool.query('ALTER TABLE hidden_stages RENAME TO stages');
    expect(data).toEqual({ workspace: { id: app.workspaceId }, stage: null });
    expect(errors).toEqual([
      {
        message: 'The server failed. The fault is not yours; trying again may help.',
        path: ['stage'],
        locations: [expect.anything()],
        extensions: { code: 'INTERNAL' },
      },
    ]);
  });
});
