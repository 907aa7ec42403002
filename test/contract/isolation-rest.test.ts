import { pino } from 'pino';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRoutes } from '../../src/http/rest-app.ts';
import { type Caller, startTestApp } from '../support/app.ts';
import { prepareDemo, send } from '../support/demo.ts';
import { type Kind, MARK, type Names, prepareForeign, rowsOf } from '../support/foreign.ts';

/** A call in which `{it}` stands for what is named, and what is put there. `{turn}` is a turn of the caller's own. */
type Case = [call: { path: string; body?: object; headers?: Record<string, string> }, ...kinds: Kind[]];

const IDENTITY: Kind[] = ['identity id', 'external id'];
const STREAM = 'streaming?channel_id=web&message=Hello';

/** For every route what can be named in it; none for a route in which nothing is. */
const CASES: Record<string, Case[]> = {
  'POST /workspace/api-keys': [],
  'GET /stages': [],
  'GET /stages/:stage_id': [[{ path: '/stages/{it}' }, 'stage id', 'stage key']],
  'POST /stages': [[{ path: '/stages', body: { name: 'Assisted', assistant_id: '{it}' } }, 'assistant id']],
  'PUT /stages/:stage_id': [
    [{ path: '/stages/{it}', body: { name: 'Mine now' } }, 'stage id', 'stage key'],
    [{ path: '/stages/onboarding', body: { assistant_id: '{it}' } }, 'assistant id'],
  ],
  'GET /identity': [],
  'GET /identity/:identity_id': [[{ path: '/identity/{it}' }, ...IDENTITY]],
  'PUT /identity/:identity_id': [[{ path: '/identity/{it}', body: { name: 'Mine now' } }, 'identity id']],
  'DELETE /identity/:identity_id': [[{ path: '/identity/{it}' }, ...IDENTITY]],
  'POST /identity/:identity_id/stage': [
    [{ path: '/identity/{it}/stage', body: { stage_id: 'onboarding' } }, ...IDENTITY],
    [{ path: '/identity/ada/stage', body: { stage_id: '{it}' } }, 'stage id', 'stage key'],
    [{ path: '/identity/ada/stage', body: { stage_id: 'onboarding', expected_stage_id: '{it}' } }, 'stage id'],
  ],
  'GET /memory/from/:identity_id': [[{ path: '/memory/from/{it}' }, ...IDENTITY]],
  'GET /workers': [],
  'POST /workers': [],
  'GET /workers/:worker_id': [[{ path: '/workers/{it}' }, 'worker id']],
  'DELETE /workers/:worker_id': [[{ path: '/workers/{it}' }, 'worker id']],
  'POST /workers/:worker_id/assistants': [
    [{ path: '/workers/{it}/assistants', body: { name: 'Spy', instructions: 'Listen' } }, 'worker id'],
  ],
  'GET /assistant/:assistant_id': [[{ path: '/assistant/{it}' }, 'assistant id']],
  'PATCH /assistant/:assistant_id': [[{ path: '/assistant/{it}', body: { name: 'Mine now' } }, 'assistant id']],
  'DELETE /assistant/:assistant_id': [[{ path: '/assistant/{it}' }, 'assistant id']],
  'GET /channels': [],
  'GET /channels/:channel_id': [[{ path: '/channels/{it}' }, 'channel id', 'channel key']],
  'POST /channels': [[{ path: '/channels', body: { name: 'Answered', worker_id: '{it}' } }, 'worker id']],
  'PUT /channels/:channel_id': [
    [{ path: '/channels/{it}', body: { name: 'Mine now' } }, 'channel id', 'channel key'],
    [{ path: '/channels/web', body: { worker_id: '{it}' } }, 'worker id'],
  ],
  'DELETE /channels/:channel_id': [[{ path: '/channels/{it}' }, 'channel id', 'channel key']],
  'POST /channels/:channel_id/worker/:worker_id': [
    [{ path: '/channels/{it}/worker/{worker}' }, 'channel id', 'channel key'],
    [{ path: '/channels/web/worker/{it}' }, 'worker id'],
  ],
  'POST /conversation/:identity_id/chat/:channel_id': [
    [{ path: '/conversation/{it}/chat/web', body: { text: 'Hello' } }, ...IDENTITY],
    [{ path: '/conversation/ada/chat/{it}', body: { text: 'Hello' } }, 'channel id', 'channel key'],
  ],
  'GET /conversation/:identity_id/streaming': [
    [{ path: `/conversation/{it}/${STREAM}` }, ...IDENTITY],
    [{ path: '/conversation/ada/streaming?channel_id={it}&message=Hello' }, 'channel id', 'channel key'],
    [{ path: `/conversation/ada/${STREAM}`, headers: { 'last-event-id': '{it}' } }, 'event cursor'],
    [{ path: `/conversation/ada/${STREAM}&after={it}` }, 'event cursor'],
  ],
  'GET /turns/:turn_id/events': [
    [{ path: '/turns/{it}/events' }, 'turn id'],
    [{ path: '/turns/{turn}/events', headers: { 'last-event-id': '{it}' } }, 'event cursor'],
    [{ path: '/turns/{turn}/events?after={it}' }, 'event cursor'],
  ],
  'POST /turns/:turn_id/cancel': [[{ path: '/turns/{it}/cancel' }, 'turn id']],
};

const app = await startTestApp();
const own: Record<string, string> = {};
let them: Caller;
let names: Record<Kind, Names>;
let before: unknown[][];

beforeAll(async () => {
  own.worker = (await prepareDemo(app)).workerId;
  own.turn = (await send(app, 'Hello')).turn.id;
  them = await app.stranger();
  names = await prepareForeign(them);
  before = await rowsOf(app, them);
});

function routes(): string[] {
  const never = () => Promise.reject(new Error('Nothing is called.'));
  const { routes } = createRoutes({
    authenticate: never,
    graphql: {} as Parameters<typeof createRoutes>[0]['graphql'],
    log: pino({ level: 'silent' }),
    corsOrigins: [],
    bodyLimitBytes: 1,
    streamLimits: { heartbeatMs: 1, stallTimeoutMs: 1, bufferBytes: 1 },
  });
  const named = routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`);
  return [...new Set(named)];
}

describe('REST', () => {
  it('has a case for every route', () => {
    expect(Object.keys(CASES).sort()).toEqual(routes().sort());
  });

  const cases = Object.entries(CASES).flatMap(([route, calls]) =>
    calls.flatMap(([call, ...kinds]) => kinds.map((kind) => ({ route, call, kind, path: call.path }))),
  );

  it.each(cases)(
    '$route answers to the $kind of another workspace as to one of nobody in $path',
    async ({ route, call, kind }) => {
      const answers = [];
      for (const value of [names[kind].nobodys, names[kind].theirs].map(String)) {
        const filled = JSON.parse(
          JSON.stringify(call)
            .replaceAll('{it}', value)
            .replaceAll(/\{(worker|turn)\}/g, (_, what) => own[what] ?? ''),
        );
        const { status, body } = await app.rest(route.split(' ')[0] ?? '', filled.path, filled.body, filled.headers);
        answers.push({ status, body: JSON.stringify(body).replaceAll(value, 'IT') });
      }
      expect(answers[1]).toEqual(answers[0]);
      expect([400, 404]).toContain(answers[1]?.status);
      expect(answers[1]?.body).not.toContain(MARK);
    },
  );

  it('lists nothing of another workspace', async () => {
    for (const path of ['/stages', '/identity', '/workers', '/channels']) {
      const { body } = await app.rest('GET', path);
      expect(body.data.length).toBeGreaterThan(0);
      expect(JSON.stringify(body)).not.toContain(MARK);
    }
  });

  it('leaves the other workspace as it was', async () => {
    expect(await rowsOf(app, them)).toEqual(before);
  });
});
