import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp } from '../support/app.ts';
import { prepareDemo } from '../support/demo.ts';
import { openSocket } from '../support/graphql-socket.ts';
import { keepLog } from '../support/log-lines.ts';
import { hold, reply } from '../support/scripted-model.ts';
import { sendAt, startServer } from '../support/server-process.ts';
import { chatPath, someone, streamPath } from '../support/talk.ts';

const kept = keepLog();
const app = await startTestApp({ log: kept.log });
await prepareDemo(app);
const origin = await app.origin();
const bearer = { authorization: `Bearer ${app.credential}` };

/** A name for a request that nobody else has. */
const newName = () => `test-${randomUUID()}`;
const named = (name: string) => ({ 'x-request-id': name });
/** The line of the request, which is written when its connection is done with it. */
const lineOf = async (requestId: string) => {
  await expect.poll(() => kept.of('Request', { requestId })).toHaveLength(1);
  return kept.of('Request', { requestId })[0];
};

describe('the name of a request', () => {
  it("is the caller's own, and stands in the answer", async () => {
    const name = newName();
    const { headers } = await app.rest('GET', '/stages', undefined, named(name));
    expect(headers.get('x-request-id')).toBe(name);
    await lineOf(name);
  });

  it('is a new one when the caller gives none', async () => {
    const one = await app.rest('GET', '/stages');
    const other = await app.rest('GET', '/stages');
    const [id, otherId] = [one, other].map(({ headers }) => headers.get('x-request-id'));
    expect(id).toMatch(/^[\w-]{36}$/);
    expect(otherId).not.toBe(id);
  });

  it.each(['', ' ', 'two words', 'x'.repeat(129), '<script>', 'a"b', 'ä'])(
    'is a new one instead of %j',
    async (given) => {
      const { headers } = await app.rest('GET', '/stages', undefined, named(given));
      expect(headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
    },
  );

  it.each(['/nowhere', '/identity/nobody', '/health/live'])(
    'stands in every answer, such as that of %s',
    async (path) => {
      const name = newName();
      expect((await app.rest('GET', path, undefined, named(name))).headers.get('x-request-id')).toBe(name);
    },
  );

  it('stands in the answer when credentials are refused', async () => {
    const name = newName();
    const stranger = app.withCredential('wrong');
    const { status, headers } = await stranger.rest('GET', '/stages', undefined, named(name));
    expect([status, headers.get('x-request-id')]).toEqual([401, name]);
  });

  it('reaches the model, and the line of the turn', async () => {
    const name = newName();
    await app.rest('POST', chatPath(await someone(app)), { text: name }, named(name));
    const { headers } = await app.model.received(name);
    expect([headers['x-request-id'], headers['x-client-request-id']]).toEqual([name, name]);
    const [line] = kept.of('Turn', { requestId: name });
    expect(line.turnId).toMatch(/^trn_/);
  });

  it('stands in the answer of a stream, and reaches the model from there', async () => {
    const name = newName();
    const response = await fetch(`${origin}${streamPath(await someone(app), name)}`, {
      headers: { ...bearer, ...named(name) },
    });
    await response.text();
    expect(response.headers.get('x-request-id')).toBe(name);
    expect((await app.model.received(name)).headers['x-request-id']).toBe(name);
    expect(await lineOf(name)).toMatchObject({ route: '/conversation/:identity_id/streaming', status: 200 });
  });

  it('stays with a turn that had to wait for another', async () => {
    const [first, second] = [newName(), newName()];
    const person = await someone(app);
    const place = hold();
    app.model.when(first, reply.text(place, 'done'));
    const one = app.rest('POST', chatPath(person), { text: first }, named(first));
    await place.reached;
    const other = app.rest('POST', chatPath(person), { text: second }, named(second));
    await expect.poll(() => app.database.db.turn.count({ where: { status: 'QUEUED' } })).toBe(1);
    place.release();
    await Promise.all([one, other]);
    expect((await app.model.received(second)).headers['x-request-id']).toBe(second);
    expect(kept.of('Turn', { requestId: second })).toHaveLength(1);
  });

  it('is made of that of the socket and a number for each operation over it', async () => {
    const name = newName();
    const socket = await openSocket(app, { headers: { ...bearer, ...named(name) } });
    await socket.execute('{ workspace { id } }');
    const text = newName();
    await socket.execute(
      `mutation ($text: String!) {
        sendMessage(input: { identity: { externalId: "ada" }, channel: { key: "web" }, text: $text }) { __typename }
      }`,
      { text },
    );
    expect((await app.model.received(text)).headers['x-request-id']).toBe(`${name}.2`);
    expect(await lineOf(`${name}.1`)).toMatchObject({ method: 'QUERY', operation: 'query workspace', status: 200 });
    await socket.dispose();
    await expect.poll(() => kept.of('Socket closed', { requestId: name })).toMatchObject([{ operations: 2 }]);
  });
});

describe('the line of an operation over a socket', () => {
  it('has the status that HTTP would have answered with', async () => {
    const bounded = await startTestApp({ log: kept.log, environment: { REQUESTS_PER_MINUTE_PER_KEY: '2' } });
    const name = newName();
    const authorization = `Bearer ${bounded.credential}`;
    const socket = await openSocket(bounded, { headers: { authorization, ...named(name) } });
    for (const document of ['{ workspace { id } }', '{', '{ workspace { id } }'])
      await socket.execute(document).catch(() => undefined);
    const statuses = await Promise.all([1, 2, 3].map(async (nth) => (await lineOf(`${name}.${nth}`)).status));
    expect(statuses).toEqual([200, 400, 429]);
    await socket.dispose();
  });
});

describe('the line of a request', () => {
  it('tells the route by its pattern, the status and the time', async () => {
    const name = newName();
    await app.rest('PUT', '/identity/somebody-new?page=3', { name: 'Somebody' }, named(name));
    expect(await lineOf(name)).toMatchObject({
      ...{ level: 30, method: 'PUT', route: '/identity/:identity_id', status: 201, ms: expect.any(Number) },
      workspaceId: app.workspaceId,
    });
  });

  it('tells what a GraphQL operation does', async () => {
    const name = newName();
    const body = {
      query: 'query Secret($id: ID!) { turn(id: $id) { id } workspace { id } }',
      variables: { id: 'trn_1' },
    };
    await app.rest('POST', '/graphql', body, named(name));
    expect(await lineOf(name)).toMatchObject({ route: '/graphql', operation: 'query turn, workspace' });
  });

  it('is of no interest for the checks of balancers', async () => {
    const name = newName();
    await app.rest('GET', '/health/ready', undefined, named(name));
    expect((await lineOf(name)).level).toBe(20);
  });

  it('is written once for a stream, when its reader has left', async () => {
    const name = newName();
    const place = hold();
    app.model.when(name, reply.text('One ', place, 'two'));
    const leaving = new AbortController();
    const url = `${origin}${streamPath(await someone(app), name)}`;
    await fetch(url, { headers: { ...bearer, ...named(name) }, signal: leaving.signal });
    await place.reached;
    expect(kept.of('Request', { requestId: name })).toEqual([]);
    leaving.abort();
    await lineOf(name);
    place.release();
  });
});

describe('the line of a turn', () => {
  it('tells how it ended, what it cost and how long it took', async () => {
    const name = newName();
    app.model.when(name, reply.withUsage({ inputTokens: 12, outputTokens: 3 }, 'One'));
    await app.rest('POST', chatPath(await someone(app)), { text: name }, named(name));
    expect(kept.of('Turn', { requestId: name })).toMatchObject([
      {
        ...{ level: 30, outcome: 'completed', inputTokens: 12, outputTokens: 3, exact: true },
        ...{ firstTextMs: expect.any(Number), ms: expect.any(Number), workspaceId: app.workspaceId },
      },
    ]);
  });

  it('tells why it failed', async () => {
    const name = newName();
    app.model.when(name, reply.status(401));
    await app.rest('POST', chatPath(await someone(app)), { text: name }, named(name));
    expect(kept.of('Turn', { requestId: name })).toMatchObject([{ outcome: 'failed', code: 'MODEL_UNAUTHORIZED' }]);
  });
});

describe('a turn whose process has died', () => {
  it('is named after itself at the model', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'milepost-logs-'));
    const environment = { MILEPOST_DATA_DIR: folder, OPENAI_BASE_URL: app.model.url };
    const text = newName();
    app.model.when(text, reply.hang(), reply.echo());
    const dying = await startServer(environment);
    const { turn } = await sendAt(dying.origin, 'demo', text);
    await app.model.received(text);
    await dying.kill();
    const living = await startServer(environment);
    expect((await app.model.received(text, 2)).headers['x-request-id']).toBe(turn.id);
    await living.terminate();
    await rm(folder, { recursive: true });
  });
});

describe('the line of a fault', () => {
  beforeAll(() => app.database.db.$executeRaw`ALTER TABLE stages RENAME TO stages_away`);
  afterAll(() => app.database.db.$executeRaw`ALTER TABLE stages_away RENAME TO stages`);

  const FAULT = { err: { name: expect.stringMatching(/^Prisma/), stack: expect.stringContaining('    at ') } };
  const LIST = '{ stages { edges { node { id } } } }';

  it('of a REST route says which request it belongs to', async () => {
    const name = newName();
    const { status, body } = await app.rest('GET', '/stages', undefined, named(name));
    expect([status, body.code]).toEqual([500, 'INTERNAL']);
    expect(kept.of('A request failed for a reason of our own', { requestId: name })).toMatchObject([FAULT]);
  });

  it('of a GraphQL field says which request it belongs to', async () => {
    const name = newName();
    await app.rest('POST', '/graphql', { query: LIST }, named(name));
    expect(kept.of('A GraphQL request failed for a reason of our own', { requestId: name })).toMatchObject([FAULT]);
  });

  it('of an operation over a socket says which one it belongs to', async () => {
    const name = newName();
    const socket = await openSocket(app, { headers: { ...bearer, ...named(name) } });
    await socket.execute(LIST);
    expect(kept.of('A GraphQL request failed for a reason of our own', { requestId: `${name}.1` })).toHaveLength(1);
    await socket.dispose();
  });
});
