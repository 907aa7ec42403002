import { once } from 'node:events';
import { beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { prepareDemo } from '../support/demo.ts';
import { pathsOf } from '../support/mutate.ts';
import { openRawSocket } from '../support/raw-readers.ts';

const HUGE = 'x'.repeat(10_000_000);
/** As deep as a body can be. */
const LEVELS = 400_000;
const DEEP = '['.repeat(LEVELS) + ']'.repeat(LEVELS);

let app: TestApp;
let origin: string;
beforeAll(async () => {
  app = await startTestApp();
  await prepareDemo(app);
  origin = await app.origin();
});

/** Asks over a real connection; null when it was closed without an answer that could be read. */
async function ask(path: string, init: RequestInit & { headers?: Record<string, string> } = {}) {
  const headers = { authorization: `Bearer ${app.credential}`, 'content-type': 'application/json', ...init.headers };
  const response = await fetch(`${origin}${path}`, { ...init, headers }).catch(() => null);
  return response && { status: response.status, body: await response.json() };
}

const post = (body: string) => ({ method: 'POST', body });

describe('ten megabytes', () => {
  it.each([
    ['a REST body', '/stages', post(JSON.stringify({ name: HUGE }))],
    ['a message', '/conversation/ada/chat/web', post(JSON.stringify({ text: HUGE }))],
    ['a GraphQL document', '/graphql', post(JSON.stringify({ query: `{ ${HUGE} }` }))],
    ['variables', '/graphql', post(JSON.stringify({ query: '{ workspace { id } }', variables: { a: HUGE } }))],
  ])('as %s are answered 413', async (_what, path, init) => {
    // Who is still sending may find the connection closed before the answer is read.
    expect([413, undefined]).toContain((await ask(path, init))?.status);
  });

  it.each([
    ['an address', `/identity/${HUGE}`, {}],
    ['a query', `/graphql?query=${HUGE}`, {}],
    ['a header', '/stages', { headers: { 'idempotency-key': HUGE } }],
    ['a credential', '/stages', { headers: { authorization: `Bearer ${HUGE}` } }],
  ])('as %s are answered 431', async (_what, path, init) => {
    expect([431, undefined]).toContain((await ask(path, init))?.status);
  });

  it('as a WebSocket message close the socket with 1009', async () => {
    const socket = await openRawSocket(origin, app.credential);
    socket.on('error', () => {});
    socket.send(HUGE);
    const [code] = await once(socket, 'close');
    expect([1009, 1006]).toContain(code);
  });

  it('leave the server as it was', async () => {
    expect(await app.query('{ workspace { id } }')).toEqual({ workspace: { id: app.workspaceId } });
  });
});

describe('JSON nested 400,000 deep', () => {
  it.each([
    ['PUT', '/identity/ada', `{"metadata":{"a":${DEEP}}}`, 'metadata'],
    ['POST', '/stages', `{"name":"Deep","metadata":{"a":${DEEP}}}`, 'metadata'],
    ['POST', '/stages', `{"name":${DEEP}}`, 'name'],
    ['POST', '/conversation/ada/chat/web', `{"text":"Hello","metadata":{"a":${DEEP}}}`, 'metadata'],
    ['PUT', '/channels/web', `{"settings":{"a":${DEEP}}}`, 'settings'],
  ])('in %s %s is refused by its name', async (method, path, body, field) => {
    const answer = await ask(path, { method, body });
    expect([answer?.status, pathsOf(answer?.body)]).toEqual([400, [field]]);
  });

  it('as a body is refused', async () => {
    expect((await ask('/stages', post(DEEP)))?.status).toBe(400);
    expect((await ask('/graphql', post(DEEP)))?.status).toBe(400);
  });

  it('in variables is refused by its name', async () => {
    const query = `mutation ($value: JSON!) {
      remember(input: { identity: { externalId: "ada" }, key: "a", value: $value }) {
        __typename ... on InvalidInputError { issues { path } }
      }
    }`;
    const body = `{"query":${JSON.stringify(query)},"variables":{"value":${DEEP}}}`;
    const answer = await ask('/graphql', post(body));
    expect(answer?.body.data.remember).toEqual({ __typename: 'InvalidInputError', issues: [{ path: 'value' }] });
  });

  it('in variables of another type is a fault of the caller', async () => {
    const query = 'query ($id: ID!) { turn(id: $id) { id } }';
    for (const value of [DEEP, `{"a":${DEEP}}`]) {
      const answer = await ask('/graphql', post(`{"query":${JSON.stringify(query)},"variables":{"id":${value}}}`));
      expect(JSON.stringify(answer?.body)).not.toContain('INTERNAL');
    }
  });

  it.each([
    ['a selection', (depth: number) => '{a'.repeat(depth) + '}'.repeat(depth)],
    ['a selection that is never closed', (depth: number) => '{a'.repeat(depth)],
    ['a list', (depth: number) => `{ a(b: ${'['.repeat(depth)}${']'.repeat(depth)}) }`],
    ['an object', (depth: number) => `{ a(b: ${'{b:'.repeat(depth)}1${'}'.repeat(depth)}) }`],
    ['a type', (depth: number) => `query ($a: ${'['.repeat(depth)}Int${']'.repeat(depth)}) { a }`],
    ['fragments', (depth: number) => `{ ${'... { '.repeat(depth)} a ${'}'.repeat(depth)} }`],
  ])('in a document as %s is a fault of the caller', async (_what, make) => {
    for (const depth of [500, 5000, 100_000]) {
      const answer = await ask('/graphql', post(JSON.stringify({ query: make(depth) })));
      expect(answer?.body.errors.length).toBeGreaterThan(0);
      expect(JSON.stringify(answer?.body)).not.toMatch(/INTERNAL|call stack/i);
    }
  });
});
