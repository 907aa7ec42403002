import { beforeAll, describe, expect, it } from 'vitest';
import { startTestApp } from '../support/app.ts';
import { prepareDemo, send } from '../support/demo.ts';
import { filled, REST_CASES, routes } from '../support/isolation-rest-cases.ts';
import { pathsOf } from '../support/mutate.ts';

const app = await startTestApp();
const own: Record<string, string> = {};

beforeAll(async () => {
  const { workerId, assistantId } = await prepareDemo(app);
  own.worker = workerId;
  own.assistant = assistantId;
  own.turn = (await send(app, 'Hello')).turn.id;
});

const STAGE = { name: 'Stage', key: 'stage', description: 'Stage', metadata: {} };
const CHANNEL = { name: 'Channel', key: 'new-channel', type: 'web', settings: {} };
const ASSISTANT = { name: 'A', instructions: 'Hi', model: 'm', provider: 'openai', languages: ['en'] };

/** For every route what texts and JSON its body takes, with good values, and which of them are no body's but the address's. */
const TEXTS: Record<string, { path: string; body?: object; query?: Record<string, string> }> = {
  'POST /workspace/api-keys': { path: '/workspace/api-keys', body: { name: 'Key', permissions: ['read'] } },
  'POST /stages': {
    path: '/stages',
    body: {
      ...STAGE,
      effects: [
        { opening_message: { channel_id: 'web', text: 'Hi' } },
        { webhook: { url: 'https://example.com/', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' } },
      ],
    },
  },
  'PUT /stages/:stage_id': { path: '/stages/onboarding', body: { ...STAGE, key: undefined } },
  'PUT /identity/:identity_id': {
    path: '/identity/ada',
    body: { name: 'Ada', phone: '1', email: 'a@b', external_id: 'ada', metadata: {} },
  },
  'POST /identity/:identity_id/stage': {
    path: '/identity/ada/stage',
    body: { stage_id: 'onboarding', metadata: {} },
  },
  'POST /workers': { path: '/workers', body: { name: 'Worker', description: 'Works', timezone: 'UTC' } },
  'POST /workers/:worker_id/assistants': { path: '/workers/{worker}/assistants', body: ASSISTANT },
  'PATCH /assistant/:assistant_id': { path: '/assistant/{assistant}', body: ASSISTANT },
  'POST /channels': { path: '/channels', body: CHANNEL },
  'PUT /channels/:channel_id': {
    path: '/channels/web',
    body: { ...CHANNEL, key: undefined, type: undefined },
  },
  'POST /channels/:channel_id/worker/:worker_id': { path: '/channels/web/worker/{worker}' },
  'POST /conversation/:identity_id/chat/:channel_id': {
    path: '/conversation/ada/chat/web',
    body: { text: 'Hello', metadata: {} },
  },
  'GET /conversation/:identity_id/streaming': {
    path: '/conversation/ada/streaming',
    query: { channel_id: 'web', message: 'Hello', client_message_id: 'one' },
  },
  'POST /turns/:turn_id/cancel': { path: '/turns/{turn}/cancel' },
};
/** They name things that are not there, rather than being stored. */
const NAMES = new Set(['stage_id', 'channel_id', 'effects.0.opening_message.channel_id']);

const CHARACTERS = { 'the NUL character': '\u0000', 'half of a surrogate pair': '\ud800' };
const PLACED = (path: string) => path.replaceAll(/\{(\w+)\}/g, (_, what) => own[what] ?? '');

/** Every text and object in a body, by its path, with what replaces it. */
function places(value: unknown, character: string, path: string[] = []): { field: string; put: unknown }[] {
  const field = path.join('.');
  if (typeof value === 'string') return [{ field, put: `${value}${character}z` }];
  if (typeof value !== 'object' || value === null) return [];
  const entries = Object.entries(value);
  if (entries.length === 0)
    return [
      { field, put: { a: [character] } },
      { field, put: { [`a${character}`]: 1 } },
    ];
  return entries.flatMap(([key, member]) => places(member, character, [...path, key]));
}

/** The same body with something else at a path. */
function replaced(body: object, path: string, put: unknown): object {
  const copy = structuredClone(body) as Record<string, unknown>;
  const steps = path.split('.');
  const last = steps.pop() as string;
  const inner = steps.reduce<Record<string, unknown>>((at, step) => at[step] as Record<string, unknown>, copy);
  inner[last] = put;
  return copy;
}

it('knows the texts of every route that takes any', () => {
  const taking = routes().filter((route) => !/^(GET|DELETE) /.test(route) || route.endsWith('/streaming'));
  expect(Object.keys(TEXTS).sort()).toEqual(taking.sort());
});

describe.each(Object.entries(CHARACTERS))('%s', (_what, character) => {
  const bodies = Object.entries(TEXTS).flatMap(([route, { path, body }]) =>
    places(body, character).map((place) => ({ route, path, body: body as object, ...place })),
  );

  it.each(bodies)('in $field of $route is refused by its name', async ({ route, path, body, field, put }) => {
    const [method = ''] = route.split(' ');
    const { status, body: answer } = await app.rest(method, PLACED(path), replaced(body, field, put));
    if (NAMES.has(field)) return expect([400, 404]).toContain(status);
    expect(status).toBe(route.startsWith('PATCH') ? 422 : 400);
    expect(pathsOf(answer)).toContain(field);
  });

  // Neither character can stand in a header.
  const named = Object.entries(REST_CASES).flatMap(([route, cases]) =>
    cases.filter(([{ headers }]) => !headers).map(([call]) => ({ route, call })),
  );

  it.each(named)('as the name of something in $call of $route names nothing', async ({ route, call }) => {
    const inBody = filled({ ...call, path: '' }, JSON.stringify(`a${character}`).slice(1, -1), own).body;
    const inPath = character === '\0' ? 'a%00' : 'a%ed%a0%80';
    const { path } = filled({ path: call.path }, inPath, own);
    const { status } = await app.rest(route.split(' ')[0] ?? '', path, inBody);
    expect([400, 404]).toContain(status);
  });
});

describe('in an address', () => {
  it.each(['message', 'client_message_id'])('the NUL character in %s is refused by its name', async (field) => {
    const query = { ...TEXTS['GET /conversation/:identity_id/streaming']?.query, [field]: 'a\0b' };
    const { status, body } = await app.rest('GET', `/conversation/ada/streaming?${new URLSearchParams(query)}`);
    expect([status, pathsOf(body)]).toEqual([400, [field]]);
  });

  it('the NUL character in a new external id is refused by its name', async () => {
    const { status, body } = await app.rest('PUT', '/identity/a%00b', { name: 'Nobody' });
    expect([status, pathsOf(body)]).toEqual([400, ['external_id']]);
  });
});

describe('a length that is none', () => {
  const bodies = Object.entries(TEXTS).flatMap(([route, { path, body }]) =>
    Object.keys(JSON.parse(JSON.stringify(body ?? {}))).map((field) => ({ route, path, body: body as object, field })),
  );

  it.each(bodies)('in $field of $route is a fault of the caller', async ({ route, path, body, field }) => {
    for (const put of [{ length: { toString: 1 } }, { length: 1e9 }, [{ length: {} }]]) {
      const { status } = await app.rest(route.split(' ')[0] ?? '', PLACED(path), replaced(body, field, put));
      // Data of the caller may look like this.
      expect(/metadata|settings/.test(field) ? [200, 201, 400, 409] : [400, 422]).toContain(status);
    }
  });
});
