import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { hold, reply, type ScriptedModel, startScriptedModel } from '../support/scripted-model.ts';
import { API_KEY, type ServerProcess, startServer } from '../support/server-process.ts';
import { type ReceivedSpan, startTraceReceiver, type TraceReceiver } from '../support/trace-receiver.ts';

const bearer = { authorization: `Bearer ${API_KEY}` };
const LOADED = join(import.meta.dirname, '..', 'support', 'loaded-packages.ts');

let folder: string;
let model: ScriptedModel;
let receiver: TraceReceiver;

beforeAll(async () => {
  [model, receiver, folder] = await Promise.all([
    startScriptedModel(),
    startTraceReceiver(),
    mkdtemp(join(tmpdir(), 'milepost-traces-')),
  ]);
});
afterAll(async () => {
  await Promise.all([model.close(), receiver.close()]);
  await rm(folder, { recursive: true });
});

const start = (environment: Record<string, string>, execArgv: string[] = []) =>
  startServer({ MILEPOST_DATA_DIR: folder, OPENAI_BASE_URL: model.url, ...environment }, { execArgv });

/** A trace somebody is in. */
function newTrace(flags = '01') {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { traceId, spanId, headers: { traceparent: `00-${traceId}-${spanId}-${flags}`, tracestate: 'vendor=1' } };
}

function chat({ origin }: ServerProcess, text: string, headers: Record<string, string> = {}) {
  return fetch(`${origin}/conversation/demo/chat/web`, {
    method: 'POST',
    headers: { ...bearer, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ text }),
  });
}

describe('a server with a place to send traces to', () => {
  const traces = [newTrace(), newTrace(), newTrace('00'), newTrace(), newTrace()] as const;
  const [whole, failing, unsampled, overSocket, insideSocket] = traces;
  const checkpoints = () => receiver.spans.filter(({ name }) => name.startsWith('turn_checkpoint'));
  const of = (traceId: string) => receiver.spans.filter((span) => span.traceId === traceId);
  const named = (traceId: string, name: string) => of(traceId).find((span) => span.name === name) as ReceivedSpan;

  beforeAll(async () => {
    const server = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_SERVICE_NAME: 'my-milepost' });
    const place = hold();
    model.when('Trace me', reply.text('Echo ', place, 'me'));
    const chatting = chat(server, 'Trace me', whole.headers);
    await place.reached;
    // Until it has been stored how far it is, and that was told: spans are sent every few seconds.
    await vi.waitFor(() => expect(checkpoints()).not.toEqual([]), { timeout: 20_000, interval: 50 });
    place.release();
    await chatting;
    model.when('Fail', reply.status(401));
    await chat(server, 'Fail', failing.headers);
    await chat(server, 'Do not record', unsampled.headers);
    await chat(server, 'Of no trace', { traceparent: 'nonsense' });
    await speakOverSocket(server);
    // What was not sent yet is sent at the end.
    await server.terminate();
  }, 60_000);

  async function speakOverSocket({ origin }: ServerProcess) {
    class TracedSocket extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols, { headers: overSocket.headers });
      }
    }
    const client = createClient({
      url: `${origin.replace('http', 'ws')}/graphql`,
      webSocketImpl: TracedSocket,
      connectionParams: bearer,
      retryAttempts: 0,
    });
    await client.iterate({ query: '{ workspace { id } }' }).next();
    await client.iterate({ query: '{ workspace { id } }', extensions: insideSocket.headers }).next();
    await client.dispose();
  }

  it('sends them as the protocol has it', () => {
    expect(new Set(receiver.requests)).toEqual(new Set(['POST /v1/traces application/x-protobuf']));
    expect(receiver.raw().includes('my-milepost')).toBe(true);
  });

  it('goes on with the trace of the caller: request, turn, call of the model', () => {
    const request = named(whole.traceId, 'POST /conversation/:identity_id/chat/:channel_id');
    expect(request).toMatchObject({ parentSpanId: whole.spanId, kind: 2 });
    expect(request.attributes).toMatchObject({ 'http.response.status_code': 200 });
    const turn = named(whole.traceId, 'turn');
    expect(turn.parentSpanId).toBe(request.spanId);
    expect(turn.attributes).toMatchObject({ 'milepost.turn.outcome': 'completed', 'gen_ai.usage.input_tokens': 10 });
    const call = of(whole.traceId).find(({ name }) => name.startsWith('chat ')) as ReceivedSpan;
    expect(call).toMatchObject({ parentSpanId: turn.spanId, kind: 3 });
  });

  it('tells of what is stored on the way', () => {
    const [request, turn] = ['POST /conversation/:identity_id/chat/:channel_id', 'turn'].map(
      (name) => named(whole.traceId, name).spanId,
    );
    const stored = of(whole.traceId).filter(({ attributes }) => attributes['db.system.name'] === 'postgresql');
    const partsOf = (spanId: string | undefined) => stored.filter(({ parentSpanId }) => parentSpanId === spanId);
    expect(partsOf(request).map(({ name }) => name)).toContain('turn_accept');
    expect(partsOf(turn).map(({ name }) => name)).toContain('turn_end');
  });

  it('keeps what is done for all turns together out of the trace of any', () => {
    expect(checkpoints().map(({ traceId }) => traceId)).not.toContain(whole.traceId);
  });

  it('tells the model which call it is', async () => {
    const { headers } = await model.received('Trace me');
    const call = of(whole.traceId).find(({ name }) => name.startsWith('chat ')) as ReceivedSpan;
    expect(headers.traceparent).toBe(`00-${whole.traceId}-${call.spanId}-01`);
    expect(headers.tracestate).toBe('vendor=1');
  });

  it('marks what failed, by its code', () => {
    const call = of(failing.traceId).find(({ name }) => name.startsWith('chat ')) as ReceivedSpan;
    expect(call.failed).toBe(true);
    expect(call.attributes['error.type']).toBe('MODEL_UNAUTHORIZED');
    expect(named(failing.traceId, 'turn').attributes['milepost.turn.outcome']).toBe('failed');
  });

  it('records nothing of a trace whose caller does not want it, and hands it on', async () => {
    expect(of(unsampled.traceId)).toEqual([]);
    expect((await model.received('Do not record')).headers.traceparent).toMatch(
      new RegExp(`^00-${unsampled.traceId}-[0-9a-f]{16}-00$`),
    );
  });

  it('begins a trace of its own when the caller is in none', async () => {
    const { traceparent } = (await model.received('Of no trace')).headers;
    const [, traceId = ''] = String(traceparent).split('-');
    expect(of(traceId).filter(({ parentSpanId }) => parentSpanId === '')).toHaveLength(1);
  });

  it('takes the trace of an operation over a socket from the operation, else from the socket', () => {
    expect(named(overSocket.traceId, 'query workspace').parentSpanId).toBe(overSocket.spanId);
    expect(named(insideSocket.traceId, 'query workspace').parentSpanId).toBe(insideSocket.spanId);
  });

  it('tells nothing of what was said, and no key', () => {
    for (const secret of ['Trace me', 'Do not record', 'Echo', API_KEY])
      expect(receiver.raw().includes(secret)).toBe(false);
  });
});

describe('a server without one', () => {
  it('loads nothing for it, and hands the trace of the caller on', async () => {
    const trace = newTrace();
    const server = await start({}, ['--import', LOADED]);
    await chat(server, 'Hand me on', trace.headers);
    const { headers } = await model.received('Hand me on');
    expect([headers.traceparent, headers.tracestate]).toEqual([trace.headers.traceparent, 'vendor=1']);
    await server.terminate();
    expect(server.output()).toContain('loaded pino');
    expect(server.output()).not.toMatch(/loaded (@opentelemetry|prom-client)/);
  });

  it('sends no header when the caller is in no trace', async () => {
    const server = await start({});
    await chat(server, 'No trace at all');
    expect((await model.received('No trace at all')).headers.traceparent).toBeUndefined();
    await server.terminate();
  });
});

describe('a server whose receiver is away', () => {
  it('answers all the same, and ends in time', async () => {
    const server = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
    expect((await chat(server, 'Nobody collects')).status).toBe(200);
    expect(await server.terminate()).toBe(0);
  });
});
