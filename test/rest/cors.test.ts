import { beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { prepareDemo, send } from '../support/demo.ts';
import { BlockReader } from '../support/event-stream.ts';
import { chatPath, streamPath } from '../support/talk.ts';

const PAGE = 'https://shop.example';
const OTHER = 'https://evil.example';

let closed: TestApp;
let open: TestApp;
let any: TestApp;

beforeAll(async () => {
  closed = await startTestApp();
  // With a path, as people copy it from the address bar.
  open = await startTestApp({ environment: { CORS_ORIGINS: `https://other.example, ${PAGE}/` } });
  any = await startTestApp({ environment: { CORS_ORIGINS: '*' } });
  for (const app of [closed, open, any]) await prepareDemo(app);
});

/** Asks over a real socket, as a page of this origin, and reads the answer to its end. */
async function ask(
  app: TestApp,
  path: string,
  { origin = PAGE, method = 'GET', headers = {} }: { origin?: string; method?: string; headers?: object } = {},
) {
  const response = await fetch(`${await app.origin()}${path}`, {
    method,
    headers: { origin, authorization: `Bearer ${app.credential}`, ...headers },
  });
  await response.text();
  return response;
}

const preflight = (app: TestApp, origin = PAGE) => {
  const headers = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type',
  };
  return ask(app, chatPath('ada'), { origin, method: 'OPTIONS', headers: { ...headers, authorization: '' } });
};

/** The names of all headers of the cross-origin rules. */
const rulesIn = ({ headers }: Response) => [...headers.keys()].filter((name) => name.startsWith('access-control-'));

describe('without CORS_ORIGINS', () => {
  it.each([
    ['an answer', '/stages'],
    ['a stream', streamPath('ada', 'Hello')],
  ])('no page may read %s', async (_what, path) => {
    const response = await ask(closed, path);
    expect(response.status).toBe(200);
    expect(rulesIn(response)).toEqual([]);
  });

  it('a preflight allows nothing', async () => {
    const response = await preflight(closed);
    expect(response.status).toBe(401);
    expect(rulesIn(response)).toEqual([]);
  });
});

describe('a page of a listed origin', () => {
  it('is allowed the methods and headers it asks for, before it shows credentials', async () => {
    const { status, headers } = await preflight(open);
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe(PAGE);
    expect(headers.get('access-control-allow-headers')).toBe('authorization,content-type');
    expect(headers.get('access-control-allow-methods')?.split(',')).toEqual(
      expect.arrayContaining(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
    );
  });

  it.each([
    ['an answer', '/stages', 200],
    ['what is not there', '/stages/nothing', 404],
    ['a route that is not there', '/nothing', 404],
    ['a stream', streamPath('ada', 'Hello'), 200],
    ['a refusal of a stream', streamPath('nobody', 'Hello'), 404],
    ['GraphQL', '/graphql?query={workspace{id}}', 200],
  ])('may read %s', async (_what, path, status) => {
    const response = await ask(open, path);
    expect(response.status).toBe(status);
    expect(response.headers.get('access-control-allow-origin')).toBe(PAGE);
    expect(response.headers.get('vary')).toBe('Origin');
  });

  it('may read that its key is wrong', async () => {
    const response = await ask(open, '/stages', { headers: { authorization: 'Bearer mp_wrong' } });
    expect(response.status).toBe(401);
    expect(response.headers.get('access-control-allow-origin')).toBe(PAGE);
  });

  it('may read a GraphQL subscription over SSE', async () => {
    const { turn } = await send(open, 'Subscribe to me');
    const query = new URLSearchParams({ query: `subscription { turnEvents(turnId: "${turn.id}") { cursor } }` });
    const response = await ask(open, `/graphql?${query}`, { headers: { accept: 'text/event-stream' } });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(response.headers.get('access-control-allow-origin')).toBe(PAGE);
  });

  it('learns the turn of a stream', async () => {
    const { headers } = await ask(open, streamPath('ada', 'Whose turn?'));
    expect(headers.get('access-control-expose-headers')?.split(',')).toContain('Content-Location');
    expect(headers.get('content-location')).toMatch(/^\/turns\/trn_/);
  });

  it('gets a stream with the same rules without a port', async () => {
    const headers = { origin: PAGE, authorization: `Bearer ${open.credential}` };
    const response = await open.app.fetch(
      new Request(`http://milepost.test${streamPath('ada', 'No port')}`, { headers }),
    );
    expect(response.headers.get('access-control-allow-origin')).toBe(PAGE);
    await new BlockReader(response).rest();
  });

  it('is never asked for cookies', async () => {
    expect((await ask(open, '/stages')).headers.get('access-control-allow-credentials')).toBeNull();
  });
});

describe('a page of another origin', () => {
  it.each([
    ['an answer', '/stages'],
    ['a stream', streamPath('ada', 'Hello')],
  ])('may not read %s', async (_what, path) => {
    expect((await ask(open, path, { origin: OTHER })).headers.get('access-control-allow-origin')).toBeNull();
  });

  it('is not allowed by a preflight', async () => {
    expect((await preflight(open, OTHER)).headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('CORS_ORIGINS=*', () => {
  it.each([
    ['an answer', '/stages'],
    ['a stream', streamPath('ada', 'Hello')],
  ])('lets every page read %s', async (_what, path) => {
    expect((await ask(any, path, { origin: OTHER })).headers.get('access-control-allow-origin')).toBe('*');
  });
});
