import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPrometheusMetrics } from '../../src/telemetry/prometheus.ts';
import { NO_TRACER } from '../../src/telemetry/tracing.ts';
import { startTestApp } from '../support/app.ts';
import { openConnections } from '../support/connections.ts';
import { prepareDemo, send } from '../support/demo.ts';
import { parseFigures, sumOf } from '../support/figures.ts';
import { mutate } from '../support/mutate.ts';
import { reply } from '../support/scripted-model.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';
import { chatPath, someone } from '../support/talk.ts';
import { halfReply } from '../support/turn-events.ts';

const metrics = createPrometheusMetrics();
const app = await startTestApp({ telemetry: { metrics, tracer: NO_TRACER } });
await prepareDemo(app);
const origin = await app.origin();

const read = async () => parseFigures(await metrics.text());
const figure = async (name: string, labels?: Record<string, string>) => sumOf(await read(), `milepost_${name}`, labels);

/** How much the figures grow by what is done. */
async function growth(action: () => Promise<unknown>) {
  const before = await read();
  await action();
  const after = await read();
  return (name: string, labels?: Record<string, string>) =>
    sumOf(after, `milepost_${name}`, labels) - sumOf(before, `milepost_${name}`, labels);
}

const say = async (text: string) => app.rest('POST', chatPath(await someone(app)), { text });

describe('the metrics', () => {
  it('count completed turns with their tokens and times', async () => {
    app.model.when('Count', reply.withUsage({ inputTokens: 30, outputTokens: 4 }, 'One ', 'two'));
    const grown = await growth(() => say('Count'));
    expect(grown('turns_total', { outcome: 'completed', code: '' })).toBe(1);
    expect(grown('turn_tokens_total', { direction: 'input' })).toBe(30);
    expect(grown('turn_tokens_total', { direction: 'output' })).toBe(4);
    expect(grown('turn_first_token_seconds_count')).toBe(1);
    expect(grown('turn_duration_seconds_count')).toBe(1);
    expect(grown('model_call_duration_seconds_count', { outcome: 'ok' })).toBe(1);
  });

  it('count failed turns by their code, and each call of the model', async () => {
    app.model.when('Fail', reply.status(503));
    const grown = await growth(() => say('Fail'));
    expect(grown('turns_total', { outcome: 'failed', code: 'MODEL_UNAVAILABLE' })).toBe(1);
    expect(grown('turn_first_token_seconds_count')).toBe(0);
    expect(grown('model_call_duration_seconds_count', { outcome: 'MODEL_UNAVAILABLE' })).toBe(3);
  });

  it('count cancelled turns, and those that run', async () => {
    const place = halfReply(app, 'Stop', ['One '], ['two']);
    const grown = await growth(async () => {
      const talk = say('Stop');
      await place.reached;
      expect(await figure('turns_running')).toBe(1);
      await mutate(app, 'cancelTurn', { turnId: await runningTurn() });
      await talk;
    });
    expect(grown('turns_total', { outcome: 'cancelled' })).toBe(1);
    expect(await figure('turns_running')).toBe(0);
  });

  it('show what is open, by its door', async () => {
    const place = halfReply(app, 'Hold on', ['One '], ['two']);
    const { turn } = await send(app, 'Hold on', { identity: { externalId: await someone(app) } });
    await place.reached;
    const running = { turnId: turn.id, conversationId: turn.conversation.id };
    const connections = await openConnections(origin, app.credential, running);
    await expect
      .poll(async () => {
        const doors = ['rest', 'graphql_sse', 'websocket'];
        return Promise.all([figure('sockets_open'), ...doors.map((door) => figure('streams_open', { door }))]);
      })
      .toEqual([1, 1, 1, 1]);
    expect(await figure('event_log_bytes')).toBeGreaterThan(0);
    await connections.close();
    await expect.poll(() => figure('streams_open')).toBe(0);
    await expect.poll(() => figure('sockets_open')).toBe(0);
    place.release();
  });

  it('show the connections to the database', async () => {
    await app.rest('GET', '/stages');
    expect(await figure('database_connections')).toBeGreaterThan(0);
    expect(await figure('database_waiting')).toBe(0);
  });

  it('bring what Node knows of itself, the delay of its event loop included', async () => {
    const figures = await read();
    for (const name of [
      'nodejs_eventloop_lag_p99_seconds',
      'process_resident_memory_bytes',
      'nodejs_heap_size_used_bytes',
    ])
      expect(sumOf(figures, name)).toBeGreaterThan(0);
  });

  it('have no name in them that a caller makes up', async () => {
    const call = async (name: string) => {
      await app.app.fetch(new Request(`http://milepost.test/${name}`, { method: name }));
      await app.execute(`query ${name} { workspace { id } }`);
      await app.rest('GET', `/identity/${name}`);
    };
    await call('MADE');
    const before = [...(await read()).keys()];
    await call('UP');
    expect([...(await read()).keys()]).toEqual(before);
    expect(before.filter((name) => name.includes('MADE'))).toEqual([]);
  });
});

async function runningTurn(): Promise<string> {
  const { id } = await app.database.db.turn.findFirstOrThrow({ where: { status: 'RUNNING' } });
  return id;
}

describe('a server', () => {
  let folder: string;
  let server: ServerProcess;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'milepost-metrics-'));
    server = await startServer({ MILEPOST_DATA_DIR: folder, METRICS_PORT: '0' });
  });
  afterAll(async () => {
    await server.terminate();
    await rm(folder, { recursive: true });
  });

  it('serves them on a port of their own, and nothing else there', async () => {
    const { status, headers } = await fetch(server.metricsUrl());
    expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    const { origin } = new URL(server.metricsUrl());
    expect((await fetch(`${origin}/graphql`)).status).toBe(404);
    expect((await fetch(server.metricsUrl(), { method: 'POST' })).status).toBe(404);
  });

  it('does not serve them where strangers come', async () => {
    const response = await fetch(`${server.origin}/metrics`);
    expect(response.status).not.toBe(200);
    expect(await response.text()).not.toContain('milepost_');
  });

  it('names the variable when the port is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const start = startServer({ MILEPOST_DATA_DIR: join(folder, 'other'), METRICS_PORT: String(port) });
    await expect(start).rejects.toThrow('Set METRICS_PORT to another one');
    taken.close();
  });
});
