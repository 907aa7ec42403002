import { pino } from 'pino';
import { createRoutes } from '../../src/http/rest-app.ts';
import { Readiness } from '../../src/readiness.ts';
import { NO_TELEMETRY } from '../../src/telemetry/telemetry.ts';
import type { Kind } from './foreign.ts';

/** A call in which `{it}` stands for what is named, and what is put there. `{turn}` is a turn of the caller's own. */
export type RestCase = [call: RestCall, ...kinds: Kind[]];
interface RestCall {
  path: string;
  body?: object;
  headers?: Record<string, string>;
}

const IDENTITY: Kind[] = ['identity id', 'external id'];
const STAGE: Kind[] = ['stage id', 'stage key'];
const CHANNEL: Kind[] = ['channel id', 'channel key'];
const STREAM = 'streaming?channel_id=web&message=Hello';

/** What the body of a stage can name besides its assistant. */
function inStage({ path, body }: { path: string; body: object }): RestCase[] {
  const withEffect = (effect: object) => ({ path, body: { ...body, effects: [effect] } });
  return [
    [{ path, body: { ...body, allowed_next: [{ id: '{it}' }] } }, 'stage id'],
    [{ path, body: { ...body, allowed_next: [{ key: '{it}' }] } }, 'stage key'],
    [withEffect({ opening_message: { channel_id: '{it}', text: 'Hi' } }), ...CHANNEL],
    [withEffect({ move_after: { stage_id: '{it}', seconds: 60 } }), ...STAGE],
  ];
}

/** Pages and files, which anybody may have. */
export const PAGES = ['GET /', 'GET /console/assets/*', 'GET /docs', 'GET /docs/style.css', 'GET /openapi.json'];

/** For every route what can be named in it; none for a route in which nothing is. */
export const REST_CASES: Record<string, RestCase[]> = {
  'GET /': [],
  'GET /console/assets/*': [],
  'GET /docs': [],
  'GET /docs/style.css': [],
  'GET /openapi.json': [],
  'GET /health/live': [],
  'GET /health/ready': [],
  'POST /workspace/api-keys': [],
  'GET /stages': [],
  'GET /stages/:stage_id': [[{ path: '/stages/{it}' }, 'stage id', 'stage key']],
  'POST /stages': [
    [{ path: '/stages', body: { name: 'Assisted', assistant_id: '{it}' } }, 'assistant id'],
    ...inStage({ path: '/stages', body: { name: 'Followed' } }),
  ],
  'PUT /stages/:stage_id': [
    [{ path: '/stages/{it}', body: { name: 'Mine now' } }, ...STAGE],
    [{ path: '/stages/onboarding', body: { assistant_id: '{it}' } }, 'assistant id'],
    ...inStage({ path: '/stages/considering', body: {} }),
  ],
  'GET /identity': [],
  'GET /identity/:identity_id': [[{ path: '/identity/{it}' }, ...IDENTITY]],
  'PUT /identity/:identity_id': [[{ path: '/identity/{it}', body: { name: 'Mine now' } }, 'identity id']],
  'DELETE /identity/:identity_id': [[{ path: '/identity/{it}' }, ...IDENTITY]],
  'POST /identity/:identity_id/stage': [
    [{ path: '/identity/{it}/stage', body: { stage_id: 'onboarding' } }, ...IDENTITY],
    [{ path: '/identity/ada/stage', body: { stage_id: '{it}' } }, ...STAGE],
    [{ path: '/identity/ada/stage', body: { stage_id: 'onboarding', expected_stage_id: '{it}' } }, ...STAGE],
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
    [{ path: '/channels/{it}', body: { name: 'Mine now' } }, ...CHANNEL],
    [{ path: '/channels/web', body: { worker_id: '{it}' } }, 'worker id'],
  ],
  'DELETE /channels/:channel_id': [[{ path: '/channels/{it}' }, 'channel id', 'channel key']],
  'POST /channels/:channel_id/worker/:worker_id': [
    [{ path: '/channels/{it}/worker/{worker}' }, ...CHANNEL],
    [{ path: '/channels/web/worker/{it}' }, 'worker id'],
  ],
  'POST /conversation/:identity_id/chat/:channel_id': [
    [{ path: '/conversation/{it}/chat/web', body: { text: 'Hello' } }, ...IDENTITY],
    [{ path: '/conversation/ada/chat/{it}', body: { text: 'Hello' } }, ...CHANNEL],
  ],
  'GET /conversation/:identity_id/streaming': [
    [{ path: `/conversation/{it}/${STREAM}` }, ...IDENTITY],
    [{ path: '/conversation/ada/streaming?channel_id={it}&message=Hello' }, ...CHANNEL],
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

/** A call with everything in its place. */
export function filled(call: RestCall, it: string, own: Record<string, string>): RestCall {
  const json = JSON.stringify(call).replaceAll('{it}', it);
  return JSON.parse(json.replaceAll(/\{(worker|turn)\}/g, (_, what) => own[what] ?? ''));
}

/** Every route there is. */
export function routes(): string[] {
  const never = () => Promise.reject(new Error('Nothing is called.'));
  const { routes } = createRoutes({
    authenticate: never,
    graphql: {} as Parameters<typeof createRoutes>[0]['graphql'],
    log: pino({ level: 'silent' }),
    telemetry: NO_TELEMETRY,
    readiness: new Readiness([]),
    corsOrigins: [],
    bodyLimitBytes: 1,
    explorer: true,
    version: '0.0.0',
    streamLimits: { heartbeatMs: 1, stallTimeoutMs: 1, bufferBytes: 1 },
  });
  const named = routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`);
  return [...new Set(named)];
}
