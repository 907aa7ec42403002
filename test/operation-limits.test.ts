import { describe, expect, it } from 'vitest';
import { startTestApp } from './support/app.ts';
import { prepareDemo, send } from './support/demo.ts';
import { openSocket } from './support/graphql-socket.ts';

const app = await startTestApp({
  environment: {
    GRAPHQL_MAX_DEPTH: '6',
    GRAPHQL_MAX_COST: '400',
    GRAPHQL_MAX_ALIASES: '8',
    GRAPHQL_MAX_TOKENS: '300',
    GRAPHQL_MAX_DIRECTIVES: '2',
    GRAPHQL_INTROSPECTION: '0',
    GRAPHQL_EXPLORER: '0',
  },
});
await prepareDemo(app);
const socket = await openSocket(app, { params: { authorization: `Bearer ${app.credential}` } });
const { turn } = await send(app, 'Hello');

interface Refusal {
  message: string;
  extensions?: { code?: string; limit?: string };
}

/** What is said to an operation by each protocol: the first error, or nothing. */
async function refusalsOf(query: string, variables: Record<string, unknown> = {}): Promise<(Refusal | undefined)[]> {
  const http = await app.execute(query, variables);
  const overSocket = await socket.execute(query, variables).catch((errors: Refusal[]) => ({ errors }));
  const headers = { authorization: `Bearer ${app.credential}`, 'content-type': 'application/json' };
  const stream = await app.app.fetch(
    new Request('http://milepost.test/graphql', {
      method: 'POST',
      headers: { ...headers, accept: 'text/event-stream' },
      body: JSON.stringify({ query, variables }),
    }),
  );
  const told = /^data: ?(\{.*\})$/m.exec(await stream.text())?.[1];
  return [http.errors?.[0], overSocket.errors?.[0], told ? JSON.parse(told).errors?.[0] : undefined];
}

const nested = (depth: number) => `{ identity(by: { externalId: "ada" }) { ${deeper(depth - 1)} } }`;
const deeper = (depth: number): string =>
  depth === 1
    ? 'id'
    : `conversations(first: 1) { ${depth === 2 ? '__typename' : `edges { ${depth === 3 ? 'cursor' : `node { ${depth === 4 ? 'id' : `identity { ${deeper(depth - 4)} }`} }`} }`} }`;

const aliased = (count: number) => Array.from({ length: count }, (_, index) => `w${index}: workspace { id }`).join(' ');

describe.each([
  ['depth', nested(6), nested(7), {}, {}],
  [
    'cost',
    '{ stages(first: 99) { edges { node { id } cursor } } }',
    '{ stages(first: 100) { edges { node { id } cursor } } }',
    {},
    {},
  ],
  [
    'cost',
    'query ($n: Int) { stages(first: $n) { edges { node { id } cursor } } }',
    'query ($n: Int) { stages(first: $n) { edges { node { id } cursor } } }',
    { n: 99 },
    { n: 100 },
  ],
  [
    'cost',
    'query ($n: Int = 99) { stages(first: $n) { edges { node { id } cursor } } }',
    'query ($n: Int = 100) { stages(first: $n) { edges { node { id } cursor } } }',
    {},
    {},
  ],
  ['aliases', `{ ${aliased(8)} }`, `{ ${aliased(9)} }`, {}, {}],
  ['tokens', `{ workspace { ${'id '.repeat(290)} } }`, `{ workspace { ${'id '.repeat(300)} } }`, {}, {}],
  [
    'directives',
    '{ workspace { id @include(if: true) name @skip(if: false) } }',
    '{ workspace { id @include(if: true) name @skip(if: false) @include(if: true) } }',
    {},
    {},
  ],
])('the limit of the %s', (limit, allowed, refused, small, large) => {
  it('is named to whoever exceeds it, by every protocol alike', async () => {
    const refusals = await refusalsOf(refused, large);
    expect(refusals[0]).toMatchObject({
      message: expect.stringMatching(/\d/),
      extensions: { code: 'OPERATION_TOO_LARGE', limit },
    });
    expect(refusals.map((refusal) => refusal && [refusal.message, refusal.extensions?.limit])).toEqual(
      Array(3).fill([refusals[0]?.message, limit]),
    );
  });

  it('is not in the way of what stays below', async () => {
    expect(await refusalsOf(allowed, small)).toEqual([undefined, undefined, undefined]);
    // Also when both come again, from the cache.
    expect((await refusalsOf(refused, large))[0]?.extensions?.limit).toBe(limit);
    expect((await refusalsOf(allowed, small))[0]).toBeUndefined();
  });
});

describe('an operation that is too large', () => {
  it('is answered with 400, and nothing of it is executed', async () => {
    const stages = 'stages(first: 100) { edges { node { id } cursor } }';
    const { status } = await app.execute(`{ ${stages} }`);
    expect(status).toBe(400);
    const refused = `mutation { createStage(input: { name: "Never made" }) { ... on CreateStagePayload { stage { name allowedNext { name allowedNext { name allowedNext { name } } } } } } }`;
    expect((await app.execute(refused)).errors?.[0].extensions).toMatchObject({ code: 'OPERATION_TOO_LARGE' });
    expect(await app.database.db.stage.count({ where: { name: 'Never made' } })).toBe(0);
  });

  it('is measured by the operation that is named, not by another in the same document', async () => {
    const document =
      'query Small { workspace { id } } query Large { stages(first: 100) { edges { node { id } cursor } } }';
    const ask = async (operationName: string) => {
      const body = { query: document, operationName };
      return (await app.rest('POST', '/graphql', body)).body.errors?.[0].extensions.limit;
    };
    expect([await ask('Small'), await ask('Large'), await ask('Small')]).toEqual([undefined, 'cost', undefined]);
  });

  it('is not let through for having come before with variables that do not fit', async () => {
    const stages = 'stages(first: 100) { edges { node { id } cursor } }';
    const document = `query ($key: String!) { stage(by: { key: $key }) { id } ${stages} }`;
    expect((await refusalsOf(document)).map((refusal) => refusal?.extensions?.limit)).toEqual(Array(3).fill(undefined));
    const refusals = await refusalsOf(document, { key: 'web' });
    expect(refusals.map((refusal) => refusal?.extensions?.limit)).toEqual(Array(3).fill('cost'));
  });

  it('is not let through for an argument that does not fit', async () => {
    const stages = 'stages(first: 100) { edges { node { id } cursor } }';
    const document = `query ($id: ID = "trn_x") { turn(id: $id) { id } ${stages} }`;
    const refusals = await refusalsOf(document, { id: null });
    expect(refusals.map((refusal) => refusal?.extensions?.limit)).toEqual(Array(3).fill('cost'));
  });

  it('is refused, not let through, when the length of a list does not fit', async () => {
    const document = 'query ($ids: [ID!] = []) { nodes(ids: $ids) { id } stages { edges { cursor } } }';
    for (const refusal of await refusalsOf(document, { ids: null }))
      expect(refusal?.message).toContain('Query.nodes(ids:)');
  });

  it('is not made smaller by fragments', async () => {
    const document = `query { stages(first: 60) { ...Page } } fragment Page on StageConnection { edges { cursor node { ...Deep } } }
      fragment Deep on Stage { id key name description }`;
    expect((await refusalsOf(document))[0]?.extensions?.limit).toBe('cost');
  });

  it('may also be a subscription', async () => {
    const document = `subscription ($id: ID!) { turnEvents(turnId: $id) { cursor ... on TurnCompleted { turn { conversation { messages(last: 100) { edges { cursor node { id } } } } } } } }`;
    for (const refusal of (await refusalsOf(document, { id: turn.id })).slice(1)) {
      expect(refusal?.extensions?.limit).toBe('depth');
    }
  });
});

describe('a page', () => {
  it.each(['first', 'last'])('of more than 100 is refused, with the argument %s named', async (argument) => {
    const { errors } = await app.execute(`{ workers(${argument}: 101) { __typename } }`);
    expect(errors?.[0].extensions).toMatchObject({
      code: 'INVALID_INPUT',
      issues: [{ path: argument, message: 'must be at most 100' }],
    });
  });
});

describe('a schema that may not be asked for', () => {
  it('is not told, not by a suggestion either', async () => {
    for (const query of ['{ __schema { types { name } } }', '{ __type(name: "Stage") { name } }']) {
      for (const refusal of await refusalsOf(query)) expect(refusal?.message).toContain('introspection');
    }
    const [refusal] = await refusalsOf('{ workspac { id } }');
    expect(refusal?.message).toBe('Cannot query field "workspac" on type "Query".');
    expect((await app.execute('{ workspace { __typename } }')).errors).toBeUndefined();
  });

  it('comes without its explorer', async () => {
    const page = new Request('http://milepost.test/graphql', { headers: { accept: 'text/html' } });
    expect((await app.app.fetch(page)).status).toBe(406);
  });
});
