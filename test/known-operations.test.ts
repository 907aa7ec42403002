import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { KnownOperations } from '../src/http/known-operations.ts';
import { startTestApp, type TestApp } from './support/app.ts';
import { prepareDemo } from './support/demo.ts';
import { openSocket } from './support/graphql-socket.ts';

const WORKSPACE = 'query Workspace { workspace { name } }';
const STAGE = 'query Stage($key: String!) { stage(by: { key: $key }) { key } }';
const MOVES = 'subscription Moves { stageTransitions { id } }';
const hashOf = (document: string) => createHash('sha256').update(document).digest('hex');

const folder = await mkdtemp(join(tmpdir(), 'milepost-operations-'));
const file = (name: string, content: string) => writeFile(join(folder, name), content).then(() => join(folder, name));
await mkdir(join(folder, 'set', 'deeper'), { recursive: true });
await file('set/workspace.graphql', WORKSPACE);
await file('set/deeper/stage.graphql', STAGE);
const manifest = await file(
  'manifest.json',
  JSON.stringify({ workspace: WORKSPACE, stage: STAGE, [hashOf(MOVES)]: MOVES }),
);
const apollo = await file(
  'apollo.json',
  JSON.stringify({
    format: 'apollo-persisted-query-manifest',
    version: 1,
    operations: [{ id: 'workspace', name: 'Workspace', type: 'query', body: WORKSPACE }],
  }),
);
const only = await startTestApp({ environment: { GRAPHQL_OPERATIONS: manifest, GRAPHQL_OPERATIONS_ONLY: '1' } });
const also = await startTestApp({ environment: { GRAPHQL_OPERATIONS: manifest } });
await prepareDemo(also);

afterAll(() => rm(folder, { recursive: true }));

/** What is answered by HTTP, and over a WebSocket. */
async function answersOf(app: TestApp, params: { query?: string } & Record<string, unknown>) {
  const { body } = await app.rest('POST', '/graphql', params);
  const socket = await openSocket(app, { params: { authorization: `Bearer ${app.credential}` } });
  const { query = '', ...rest } = params;
  const overSocket = await socket.executeAll({ query, ...rest }).catch((errors: unknown) => ({ errors }));
  await socket.dispose();
  return [body, overSocket];
}

const named = (document: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash: hashOf(document) } } });

describe.each([
  ['that executes others too', also],
  ['that executes no others', only],
])('a server %s', (_which, app) => {
  it.each([
    ['its hash, as Apollo sends it', named(WORKSPACE)],
    ['its hash, as the standard has it', { documentId: `sha256:${hashOf(WORKSPACE)}` }],
    ['its name in the list', { documentId: 'workspace' }],
    ['its text', { query: WORKSPACE }],
  ])('executes an operation of the list by %s', async (_how, params) => {
    for (const { data, errors } of await answersOf(app, params)) {
      expect([data, errors]).toEqual([{ workspace: { name: 'Test' } }, undefined]);
    }
  });

  it('takes variables with a name', async () => {
    for (const { data } of await answersOf(app, { ...named(STAGE), variables: { key: 'nowhere' } })) {
      expect(data).toEqual({ stage: null });
    }
  });

  it('takes a name from a GET, too', async () => {
    const query = new URLSearchParams({ extensions: JSON.stringify(named(WORKSPACE).extensions) });
    expect((await app.rest('GET', `/graphql?${query}`)).body.data).toEqual({ workspace: { name: 'Test' } });
    expect((await app.rest('GET', '/graphql?documentId=workspace')).body.data).toEqual({ workspace: { name: 'Test' } });
  });

  it('says of a name it does not know that it is not in the list', async () => {
    for (const { errors } of await answersOf(app, named('{ workspace { id } }'))) {
      expect(errors?.[0].extensions).toEqual({ code: 'PERSISTED_QUERY_NOT_FOUND' });
    }
  });
});

describe('a server that executes no others', () => {
  it.each(['{ workspace { id } }', `${WORKSPACE} `, '{ __schema { types { name } } }', 'nonsense'])(
    'refuses %j',
    async (query) => {
      for (const { errors } of await answersOf(only, { query })) {
        expect(errors?.[0].extensions).toEqual({ code: 'PERSISTED_QUERY_ONLY' });
      }
    },
  );

  it('refuses subscriptions of other texts, by event stream too', async () => {
    const ask = async (query: string) => {
      const headers = {
        authorization: `Bearer ${only.credential}`,
        accept: 'text/event-stream',
        'content-type': 'application/json',
      };
      const request = { method: 'POST', headers, body: JSON.stringify({ query }) };
      const response = await only.app.fetch(new Request('http://milepost.test/graphql', request));
      const { status } = response;
      if (status === 200) await response.body?.cancel();
      return [status, response.headers.get('content-type')];
    };
    expect(await ask(MOVES)).toEqual([200, 'text/event-stream; charset=utf-8']);
    expect((await ask('subscription { stageTransitions { cause } }'))[0]).toBe(400);
  });
});

describe('a list', () => {
  const limits = (operations: string) => ({ operations, operationsOnly: true });

  it('may be a folder of documents', () => {
    const known = new KnownOperations(limits(join(folder, 'set')));
    expect(known.documentOf(named(STAGE))).toBe(STAGE);
    expect(known.documentOf({ query: WORKSPACE })).toBe(WORKSPACE);
  });

  it('may be a manifest of Apollo', () => {
    expect(new KnownOperations(limits(apollo)).documentOf({ documentId: 'workspace' })).toBe(WORKSPACE);
  });

  it('may lie in several places', () => {
    const known = new KnownOperations(limits(`${join(folder, 'set')}, ${apollo}`));
    expect(known.documentOf({ documentId: 'workspace' })).toBe(WORKSPACE);
    expect(known.documentOf({ query: STAGE })).toBe(STAGE);
  });

  it.each([
    ['that is not there', 'nowhere', 'no such file'],
    ['that is no JSON', 'text.json', 'JSON'],
    ['of something else', 'else.json', 'is no list of operations'],
    ['with an operation the schema does not have', 'wrong.json', 'wings: Cannot query field "wings"'],
    ['with an operation that is none', 'broken.json', 'Syntax Error'],
  ])('%s is refused when the server starts', async (_what, name, message) => {
    await file('text.json', 'text');
    await file('else.json', '[1]');
    await file('wrong.json', JSON.stringify({ wings: '{ wings }' }));
    await file('broken.json', JSON.stringify({ broken: '{' }));
    expect(() => new KnownOperations(limits(join(folder, name)))).toThrow(/^GRAPHQL_OPERATIONS: /);
    expect(() => new KnownOperations(limits(join(folder, name)))).toThrow(message);
  });
});
