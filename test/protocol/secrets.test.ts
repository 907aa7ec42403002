import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type DatabaseLine, startDatabaseLine } from '../support/database-line.ts';
import { reply, type ScriptedModel, startScriptedModel } from '../support/scripted-model.ts';
import { asUrl, inSession } from '../support/server.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';
import { startReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

/** In everything that is secret or that somebody says; the rest tells them apart when one is found. */
const MARK = 'Zq7Mark';
const marked = (what: string) => `${MARK}-${what}`;

const KEY = `key-${marked('first-api-key')}`;
const bearer = { authorization: `Bearer ${KEY}` };

let database: TestDatabase;
let line: DatabaseLine;
let model: ScriptedModel;
let receiver: WebhookReceiver;
let server: ServerProcess;
/** Secrets that the server has made. */
const made: string[] = [];

beforeAll(async () => {
  [database, model, receiver] = await Promise.all([createTestDatabase(), startScriptedModel(), startReceiver()]);
  line = await startDatabaseLine(database.location);
  const url = new URL(asUrl(line.location));
  url.password = marked('database-password');
  server = await startServer({
    LOG_LEVEL: 'trace',
    DATABASE_URL: url.href,
    MILEPOST_API_KEY: KEY,
    MILEPOST_SECRET: `${marked('signing-secret')} of more than 32 characters`,
    OPENAI_BASE_URL: model.url,
    OPENAI_API_KEY: `sk-${marked('model-key')}`,
    WEBHOOK_ALLOW_PRIVATE: '1',
  });
});
afterAll(async () => {
  await server.terminate();
  await Promise.all([line.close(), model.close(), receiver.close()]);
  await database.drop();
});

const rest = (method: string, path: string, body?: unknown, headers: Record<string, string> = bearer) =>
  fetch(`${server.origin}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  }).then(async (response) => ({ status: response.status, text: await response.text() }));

const graphql = async (query: string, variables: object = {}) => {
  const { text } = await rest('POST', '/graphql', { query, variables });
  return JSON.parse(text);
};

const SEND = `mutation ($text: String!) {
  sendMessage(input: { identity: { externalId: "demo" }, channel: { key: "web" }, text: $text, clientMessageId: $text, metadata: { note: "${marked('metadata')}" } }) { __typename }
}`;

/** Writes these frames to a socket that has, or has not, shown good credentials, and waits for as many answers or its end. */
async function overSocket(frames: unknown[], payload: object = bearer) {
  const socket = new WebSocket(
    `${server.origin.replace('http', 'ws')}/graphql?note=${marked('socket-query')}`,
    'graphql-transport-ws',
  );
  await once(socket, 'open');
  const ended = once(socket, 'close');
  socket.send(JSON.stringify({ type: 'connection_init', payload }));
  await Promise.race([once(socket, 'message'), ended]);
  for (const frame of frames) {
    if (socket.readyState !== WebSocket.OPEN) break;
    const answered = once(socket, 'message');
    socket.send(typeof frame === 'string' || frame instanceof Buffer ? frame : JSON.stringify(frame));
    await Promise.race([answered, ended]);
  }
  socket.close();
  await ended;
}

const operation = (id: string, query: string, variables: object = {}) => ({
  type: 'subscribe',
  id,
  payload: { query, variables },
});

async function talkThroughEveryDoor() {
  model.when(marked('rest-chat'), reply.text(`${marked('reply')} `, 'and more'));
  await rest('POST', '/conversation/demo/chat/web', { text: marked('rest-chat'), metadata: { note: marked('note') } });
  await rest(
    'POST',
    '/conversation/demo/chat/web',
    { text: marked('rest-chat') },
    { ...bearer, 'idempotency-key': marked('idempotency') },
  );
  await rest('GET', `/conversation/demo/streaming?channel_id=web&message=${marked('stream-message')}`);
  await graphql(SEND, { text: marked('graphql-message') });
  await graphql(
    SEND.replace('$text: String!', '$text: String = "Hi"').replaceAll('text: $text', `text: "${marked('literal')}"`),
  );
  await overSocket([operation('1', SEND, { text: marked('socket-message') })]);
  const { data } = await graphql(
    '{ conversations(first: 1) { edges { node { turns(last: 1) { edges { node { id } } } } } } }',
  );
  const turnId = data.conversations.edges[0].node.turns.edges[0].node.id;
  const query = 'subscription ($turnId: ID!) { turnEvents(turnId: $turnId) { ... on TurnTokens { text } } }';
  await rest('POST', '/graphql', { query, variables: { turnId } }, { ...bearer, accept: 'text/event-stream' });
  await overSocket([operation('1', query, { turnId })]);
}

async function configureSecrets() {
  const created = await graphql(
    `mutation { createApiKey(input: { name: "${marked('key-name')}", permissions: [READ] }) { ... on CreateApiKeyPayload { secret } } }`,
  );
  const token = await graphql(
    'mutation { createAccessToken(input: { identity: { externalId: "demo" } }) { ... on CreateAccessTokenPayload { token } } }',
  );
  made.push(created.data.createApiKey.secret, token.data.createAccessToken.token);
  const [key, accessToken] = made as [string, string];
  await rest('GET', '/stages', undefined, { 'x-api-key': key });
  await rest(
    'GET',
    `/conversation/demo/streaming?channel_id=web&message=Hi&access_token=${accessToken}`,
    undefined,
    {},
  );
  await rest('GET', `/stages?access_token=${key}`, undefined, {});
  const secret = `whsec_${Buffer.from(marked('webhook-secret-of-some-length')).toString('base64')}`;
  made.push(secret);
  receiver.answer((response) => response.writeHead(410).end());
  const effects = [
    { webhook: { url: `${receiver.url}/${marked('webhook-path')}?token=${marked('webhook-query')}`, secret } },
    { openingMessage: { channel: { key: 'web' }, text: marked('opening-message') } },
  ];
  await graphql(
    'mutation ($effects: [StageEffectInput!]) { createStage(input: { name: "With effects", effects: $effects }) { __typename } }',
    { effects },
  );
  await graphql(
    'mutation { assignStage(input: { identity: { externalId: "demo" }, stage: { key: "with_effects" } }) { __typename } }',
  );
  await receiver.next();
}

async function failInEveryWay() {
  for (const wrong of [
    marked('wrong-key'),
    `mp_${marked('wrong-key-of-ours')}`,
    'eyJhbGciOiJIUzI1NiJ9.Zq7Mark.Zq7Mark',
  ])
    await rest('GET', '/stages', undefined, { authorization: `Bearer ${wrong}` });
  await overSocket([], { authorization: `Bearer ${marked('wrong-socket-key')}` });
  await rest('POST', '/conversation/demo/chat/web', `{"text": "${marked('broken-json')}`);
  await rest('POST', '/conversation/demo/chat/web', { text: { not: marked('not-a-text') } });
  await rest('POST', `/conversation/${marked('nobody')}/chat/${marked('nowhere')}`, { text: 'Hi' });
  await rest('GET', `/${marked('no-such-route')}?message=${marked('query-of-no-route')}`);
  await rest('PUT', `/identity/${marked('external-id')}`, { email: marked('no-address'), name: marked('name') });
  await rest('POST', '/stages', { name: 'x', description: marked('description') });
  await graphql(`{ ${MARK}`);
  await graphql(`{ identity(by: { externalId: "${marked('literal-id')}" }) { ${MARK}Field } }`);
  await graphql('query ($by: IdentityReference!) { identity(by: $by) { id } }', {
    by: { wrong: marked('wrong-variable') },
  });
  await rest('POST', '/graphql', `{"query": "${marked('broken-graphql-body')}`);
  const frames = [
    `{"type": "${marked('broken-frame')}`,
    JSON.stringify({ type: marked('unknown-type') }),
    Buffer.from(marked('binary')),
  ];
  for (const frame of frames) await overSocket([frame]);
  await overSocket([operation('1', `{ ${MARK}`), operation('2', SEND, { text: { wrong: marked('variable') } })]);
  await overSocket([JSON.stringify({ type: 'next', id: '1', payload: marked('misplaced') })]);
}

async function letTheModelFail() {
  const failures = {
    'echoing-400': reply.status(400, { error: { message: `Bad content: ${marked('echoed-by-model')}` } }),
    'echoing-key': reply.status(401, { error: { message: `Wrong key sk-${marked('model-key')}` } }),
    'html-error': reply.status(502, `<html>${marked('html')}</html>`),
    'broken-event': reply.raw('text/event-stream', `data: {"broken": "${marked('broken-event')}\n\n`),
    'cut-off': reply.cut(`${marked('cut-off-reply')} `),
    'broken-arguments': reply.toolCalls({ name: 'remember', arguments: `{"key": "${marked('broken-arguments')}` }),
    'wrong-tool': reply.toolCalls({ name: marked('tool'), arguments: { key: marked('tool-key') } }),
  };
  for (const [name, answer] of Object.entries(failures)) {
    model.when(marked(name), answer, reply.text('Done'));
    await rest('POST', '/conversation/demo/chat/web', { text: marked(name) });
  }
  model.when(
    marked('remember'),
    reply.toolCalls({ name: 'remember', arguments: { key: 'fact', value: marked('fact') } }),
    reply.text('Yes'),
  );
  await rest('POST', '/conversation/demo/chat/web', { text: marked('remember') });
}

/** Does what PostgreSQL does with values it cannot take: quotes them. */
const QUOTING = `CREATE FUNCTION quote_row() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN RAISE EXCEPTION 'invalid input syntax: "%"', NEW USING ERRCODE = 'invalid_text_representation'; END $$`;

/** Statements fail with all that is in them. */
async function breakTheDatabase() {
  const change = (sql: string) => inSession(database.location, (client) => client.query(sql));
  const use = async () => {
    await rest('POST', '/conversation/demo/chat/web', { text: marked('no-table') });
    await rest('PUT', `/identity/${marked('stored-id')}`, { name: marked('stored-name') });
    await graphql(
      'mutation ($v: JSON!) { remember(input: { identity: { externalId: "demo" }, key: "a", value: $v }) { __typename } }',
      { v: marked('stored-fact') },
    );
    await overSocket([operation('1', SEND, { text: marked('no-table-socket') })]);
  };
  await change(QUOTING);
  for (const table of ['messages', 'identities', 'memory_entries', 'turns']) {
    await change(
      `CREATE TRIGGER quoting BEFORE INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION quote_row()`,
    );
    await use();
    await change(`DROP TRIGGER quoting ON ${table}`);
    await change(`ALTER TABLE ${table} RENAME TO ${table}_away`);
    await use();
    await change(`ALTER TABLE ${table}_away RENAME TO ${table}`);
  }
  line.cut();
  await use();
  line.mend();
}

/** A request that is none. */
async function sendNonsense() {
  const { hostname, port } = new URL(server.origin);
  for (const bytes of [
    `GET /${MARK} HTTP/1.1\r\nHost: a b\r\n\r\n`,
    `${MARK} ${MARK}\r\n\r\n`,
    `GET http://[${MARK} HTTP/1.1\r\nHost: x\r\n\r\n`,
  ]) {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {}).resume();
    socket.end(bytes);
    await once(socket, 'close');
  }
}

describe('the output of a server that tells everything (LOG_LEVEL=trace)', () => {
  beforeAll(async () => {
    await talkThroughEveryDoor();
    await configureSecrets();
    await failInEveryWay();
    await letTheModelFail();
    await breakTheDatabase();
    await sendNonsense();
    await server.terminate();
  }, 120_000);

  it('tells what happened', () => {
    const lines = server
      .output()
      .split('\n')
      .filter((text) => text.startsWith('{'))
      .map((text) => JSON.parse(text));
    const said = new Set(lines.map(({ msg }) => msg));
    for (const message of [
      ...['Request', 'Turn', 'Socket closed', 'A request failed for a reason of our own'],
      ...['A GraphQL request failed for a reason of our own', 'A webhook was given up'],
    ])
      expect(said).toContain(message);
    expect(lines.filter(({ msg }) => msg === 'Turn').length).toBeGreaterThan(12);
    expect(new Set(lines.map(({ code }) => code))).toContain('MODEL_REJECTED');
  });

  it('holds nothing that was said, and no secret', () => {
    expect(server.output().match(new RegExp(`.*${MARK}.*`, 'g')) ?? []).toEqual([]);
    expect(made).toHaveLength(3);
    for (const secret of made) expect(server.output()).not.toContain(secret);
  });
});

describe('the words of a start that fails', () => {
  const valid = { DATABASE_URL: 'postgresql://localhost:1/none', MILEPOST_SECRET: 'x'.repeat(40) };
  it.each<[string, Record<string, string>]>([
    ['a short signing secret', { MILEPOST_SECRET: MARK }],
    ['another kind of database', { DATABASE_URL: `mysql://user:${MARK}@localhost/x` }],
    ['a database that is not there', { DATABASE_URL: `postgresql://user:${MARK}@127.0.0.1:1/x` }],
    ['a key for the model that cannot be sent', { OPENAI_API_KEY: `sk-${MARK}\u0001` }],
    ['a short API key', { MILEPOST_API_KEY: MARK }],
  ])('repeat nothing of %s', async (_what, wrong) => {
    const start = startServer({ ...valid, ...wrong });
    await expect(start).rejects.toThrow(/\S/);
    await expect(start).rejects.not.toThrow(MARK);
  });
});
