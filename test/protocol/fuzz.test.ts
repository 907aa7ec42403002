import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FuzzClient, FuzzSocket } from '../support/fuzz-client.ts';
import { FUZZ_WORDS, type FuzzDocument, fuzzDocuments } from '../support/fuzz-corpus.ts';
import { Fuzzer } from '../support/fuzzing.ts';
import { filled, REST_CASES } from '../support/isolation-rest-cases.ts';
import { type MeasuredServer, startMeasuredServer } from '../support/measured-server.ts';
import { type ScriptedModel, startScriptedModel } from '../support/scripted-model.ts';
import { API_KEY, queryAt, sendAt } from '../support/server-process.ts';

const MEBIBYTE = 1_048_576;
/** Another seed finds other things; what one has found, it finds again. */
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_121);
/** Sent before the server is weighed, so that what it keeps on purpose is full by then. */
const WARM_UP = 2000;
const DOCUMENTS = 5000;
const CALLS = 5000;
const FRAMES = 8000;
const AT_ONCE = 32;
const SOCKETS = 16;
/** Node itself and the pool of connections have some that come and go. */
const MANY_TIMERS = 20;

let model: ScriptedModel;
let server: MeasuredServer;
let client: FuzzClient;
let documents: FuzzDocument[];
let ids: string[];
let printed = '';

beforeAll(async () => {
  model = await startScriptedModel();
  server = await startMeasuredServer({
    OPENAI_BASE_URL: model.url,
    EVENT_LOG_BYTES: `${MEBIBYTE}`,
    LOG_LEVEL: 'error',
  });
  // Whatever is logged from an error up, and whatever a library prints by itself.
  server.process.stderr?.on('data', (chunk) => {
    printed += chunk;
  });
  client = new FuzzClient(server.origin, AT_ONCE);
  const { turn, message } = await sendAt(server.origin, 'demo', 'Hello');
  const { stages, assistants } = await queryAt(
    server.origin,
    '{ stages { edges { node { id } } } assistants { edges { node { id } } } }',
  );
  ids = [turn.id, message.id, ...[...stages.edges, ...assistants.edges].map(({ node }) => node.id)];
  documents = fuzzDocuments(ids);
}, 60_000);
afterAll(async () => {
  client.close();
  await server.close();
  await model.close();
});

const AUTHORIZED = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' };

/** Sends so many inputs, some at once; fails with the seed and the first input the server could not cope with. */
async function fuzz(name: string, count: number, send: (fuzzer: Fuzzer) => Promise<string | null>): Promise<void> {
  const fuzzer = new Fuzzer(SEED, FUZZ_WORDS);
  let left = count;
  const work = async () => {
    while (left-- > 0) {
      const failure = await send(fuzzer);
      if (failure) throw new Error(`FUZZ_SEED=${SEED}, ${name}, input ${count - left}: ${failure.slice(0, 2000)}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  expect(printed.slice(0, 2000)).toBe('');
}

/** Why an answer is none that a client's fault explains. */
function failureIn(input: unknown, { status, text }: { status: number; text: string }): string | null {
  const failed = status >= 500 || status === 0 || /"INTERNAL"|node_modules|\\n +at /.test(text);
  return failed ? `${JSON.stringify(input)} was answered ${status} ${text}` : null;
}

/** A request that once was valid: its document, its variables or its bytes are changed. */
function mutatedDocument(fuzzer: Fuzzer): string | Buffer {
  const { query, variables } = fuzzer.pick(documents);
  const part = fuzzer.below(10);
  if (part < 5) return JSON.stringify({ query: fuzzer.mutate(query, fuzzer.pick(documents).query), variables });
  if (part < 8) return JSON.stringify({ query, variables: fuzzer.mutateJson(variables) });
  if (part < 9)
    return JSON.stringify(fuzzer.mutateJson({ query, variables, operationName: null, extensions: {} }) ?? null);
  return fuzzer.mutateBytes(Buffer.from(JSON.stringify({ query, variables })));
}

async function sendDocument(fuzzer: Fuzzer): Promise<string | null> {
  const body = mutatedDocument(fuzzer);
  const accept = fuzzer.pick(['application/json', 'text/event-stream', 'application/graphql-response+json', '*/*']);
  const call = { method: 'POST', path: '/graphql', headers: { ...AUTHORIZED, accept }, body };
  return failureIn(String(body), await client.call(call));
}

async function sendQuery(fuzzer: Fuzzer): Promise<string | null> {
  const { query, variables } = fuzzer.pick(documents);
  const parameters = { query, variables: JSON.stringify(variables), extensions: '{}', operationName: 'A' };
  const name = fuzzer.pick(Object.keys(parameters) as (keyof typeof parameters)[]);
  const changed = { ...parameters, [name]: fuzzer.mutate(parameters[name], '{}').toWellFormed() };
  const path = `/graphql?${new URLSearchParams(changed)}`;
  return failureIn(path, await client.call({ method: 'GET', path, headers: AUTHORIZED }));
}

const routes = Object.entries(REST_CASES).flatMap(([route, cases]) =>
  cases.map(([call]) => ({ method: route.split(' ')[0] as string, call })),
);
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
const FIELDS = { name: 'Name', key: 'key', metadata: {}, text: 'Hi', type: 'web', settings: {}, languages: ['en'] };

/** A call of a route with what it names, its body or its headers changed. */
async function sendCall(fuzzer: Fuzzer): Promise<string | null> {
  const { method, call } = fuzzer.pick(routes);
  const { path, body, headers = {} } = filled(call, fuzzer.pick(ids), { turn: ids[0] as string, worker: 'wrk_x' });
  const segment = encodeURIComponent(asText(fuzzer.hostile()).toWellFormed()).slice(0, 2000);
  const changed = path.replace(/[^/=]+$/, (last) => (fuzzer.chance(0.5) ? segment : last));
  const sent = body && fuzzer.mutateJson(fuzzer.chance(0.5) ? body : { ...FIELDS, ...body });
  const json = sent === undefined ? undefined : Buffer.from(JSON.stringify(sent) ?? '');
  const request = {
    method: fuzzer.chance(0.9) ? method : fuzzer.pick(METHODS),
    path: fuzzer.chance(0.9) ? changed : `/${fuzzer.mutate(changed, segment).replaceAll(/[^!-~]/g, '%')}`,
    headers: {
      ...AUTHORIZED,
      ...(fuzzer.chance(0.9) ? headers : { 'last-event-id': segment, 'idempotency-key': segment }),
    },
    body: json && fuzzer.chance(0.2) ? fuzzer.mutateBytes(json) : json,
  };
  const answer = await client.call(request);
  return failureIn({ ...request, headers: null, body: String(request.body) }, answer);
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Closes that say what the client did wrong (RFC 6455, graphql-transport-ws), or that it said goodbye. */
const FAIR_CODES = new Set([1000, 1002, 1005, 1006, 1007, 1009, 4400, 4401, 4409, 4429]);

describe('a server that is sent nonsense', () => {
  const sockets: FuzzSocket[] = [];
  let before: Awaited<ReturnType<MeasuredServer['measure']>>;

  it(`answers ${WARM_UP} changed documents and calls`, async () => {
    await fuzz('warm-up', WARM_UP / 2, sendDocument);
    await fuzz('warm-up', WARM_UP / 2, sendCall);
    before = await server.measure();
  }, 60_000);

  it(`answers ${DOCUMENTS} changed documents`, async () => {
    await fuzz('documents', DOCUMENTS - 1000, sendDocument);
    await fuzz('queries', 1000, sendQuery);
  }, 60_000);

  it(`answers ${CALLS} changed calls of REST routes`, () => fuzz('calls', CALLS, sendCall), 60_000);

  it(`answers or closes ${FRAMES} changed frames`, async () => {
    sockets.push(...Array.from({ length: SOCKETS }, () => new FuzzSocket(server.origin, API_KEY)));
    let number = 0;
    await fuzz('frames', FRAMES, async (fuzzer) => {
      number += 1;
      const socket = sockets[number % SOCKETS] as FuzzSocket;
      const input = await sendFrame(fuzzer, socket, number);
      if (number % 50 < 2) await socket.settle(`settle-${number}`);
      const bad = socket.seen.find((message) => failureIn(null, { status: 200, text: message }));
      const unfair = socket.codes.find((code) => !FAIR_CODES.has(code));
      socket.seen.length = 0;
      return bad || unfair ? `${input}: ${unfair} ${bad}` : null;
    });
  }, 60_000);

  it('has kept nothing of it', async () => {
    await Promise.all(sockets.map((socket) => socket.close()));
    client.close();
    const after = await atRest();
    console.info(`${Math.round((after.bytes - before.bytes) / 1024)} KiB more, ${after.timers - before.timers} timers`);
    expect(after.readers).toBe(0);
    expect(after.timers - before.timers).toBeLessThan(MANY_TIMERS);
    expect(after.bytes - before.bytes).toBeLessThan(16 * MEBIBYTE);
  });
});

/** One message or frame; what it was. */
async function sendFrame(fuzzer: Fuzzer, socket: FuzzSocket, number: number): Promise<string> {
  const { query, variables } = fuzzer.pick(documents);
  const subscribe = { type: 'subscribe', id: `${number}`, payload: { query, variables } };
  const kind = fuzzer.below(20);
  if (kind < 10) {
    const changed = fuzzer.chance(0.6)
      ? { query: fuzzer.mutate(query, fuzzer.pick(documents).query), variables }
      : { query, variables: fuzzer.mutateJson(variables) };
    const text = JSON.stringify({ ...subscribe, payload: changed });
    await socket.send(text);
    return text;
  }
  if (kind < 18) {
    const message = fuzzer.pick([
      subscribe,
      { type: 'complete', id: `${number - SOCKETS}` },
      { type: 'ping', payload: {} },
    ]);
    const json = JSON.stringify(fuzzer.chance(0.5) ? fuzzer.mutateJson(message) : message) ?? 'null';
    const text = fuzzer.chance(0.3) ? fuzzer.mutate(json, json) : json;
    await socket.send(fuzzer.chance(0.9) ? text : fuzzer.mutateBytes(Buffer.from(text)));
    return text;
  }
  const header = [fuzzer.below(256), fuzzer.chance(0.5) ? 0x80 | fuzzer.below(128) : fuzzer.below(256), 0, 0, 0, 0];
  const bytes = fuzzer.mutateBytes(
    Buffer.concat([Buffer.from(header), Buffer.from(JSON.stringify(subscribe)).subarray(0, fuzzer.below(125))]),
  );
  await socket.sendRaw(bytes);
  return bytes.toString('hex');
}

/** What the server holds once it has let all readers go. */
async function atRest() {
  for (const deadline = Date.now() + 5000; ; ) {
    const measures = await server.measure();
    if (measures.readers === 0 || Date.now() > deadline) return measures;
  }
}
