import { beforeAll, describe, expect, it } from 'vitest';
import { type Caller, startTestApp } from '../support/app.ts';
import { prepareDemo, send } from '../support/demo.ts';
import { type Kind, MARK, type Names, prepareForeign } from '../support/foreign.ts';
import { filled, PAGES, REST_CASES, routes } from '../support/isolation-rest-cases.ts';
import { mutate } from '../support/mutate.ts';

/** What an access token may call; every other route is for operators. */
const OWN = [
  ...['GET /identity', 'GET /identity/:identity_id', 'GET /memory/from/:identity_id'],
  ...['POST /conversation/:identity_id/chat/:channel_id', 'GET /conversation/:identity_id/streaming'],
  ...['GET /turns/:turn_id/events', 'POST /turns/:turn_id/cancel'],
];
/** What anybody may call. */
const OPEN = [...PAGES, 'GET /health/live', 'GET /health/ready'];
const isOwn = (route: string) => OWN.includes(route);

const app = await startTestApp();
const own: Record<string, string> = {};
let token: Caller;
let names: Record<Kind, Names>;

beforeAll(async () => {
  own.worker = (await prepareDemo(app)).workerId;
  own.turn = (await send(app, 'Hello')).turn.id;
  await app.rest('POST', '/conversation/ada/chat/web', { text: 'Hello again' });
  const made = await mutate(app, 'createAccessToken', { identity: { externalId: 'ada' } }, 'token');
  token = app.withCredential(made.token);
  names = await prepareForeign(app);
});

describe('an access token', () => {
  it.each(routes().filter((route) => !isOwn(route) && !OPEN.includes(route)))('is refused %s', async (route) => {
    const [method = '', pattern = ''] = route.split(' ');
    const [[call] = [{ path: pattern }]] = REST_CASES[route] ?? [];
    const { path, body = {}, headers } = filled(call, 'ada', own);
    const answer = await token.rest(method, path, method === 'GET' ? undefined : body, headers);
    expect([answer.status, answer.body.code]).toEqual([403, 'FORBIDDEN']);
  });

  // The channel to talk over may be named by whoever knows it.
  const cases = Object.entries(REST_CASES)
    .filter(([route]) => isOwn(route))
    .flatMap(([route, calls]) =>
      calls.flatMap(([call, ...kinds]) => kinds.map((kind) => ({ route, call, kind, path: call.path }))),
    )
    .filter(({ kind }) => !kind.startsWith('channel'));

  it.each(cases)(
    'gets the same from $path for the $kind of somebody else as for one of nobody',
    async ({ route, call, kind }) => {
      const answers = [];
      for (const value of [names[kind].nobodys, names[kind].theirs].map(String)) {
        const { path, body: sent, headers } = filled(call, value, own);
        const { status, body } = await token.rest(route.split(' ')[0] ?? '', path, sent, headers);
        answers.push({ status, body: JSON.stringify(body).replaceAll(value, 'IT') });
      }
      expect(answers[1]).toEqual(answers[0]);
      expect([400, 404]).toContain(answers[1]?.status);
      expect(answers[1]?.body).not.toContain(MARK);
    },
  );

  it('lists no identity but its own', async () => {
    const { body } = await token.rest('GET', '/identity');
    expect(body.data.map((identity: { external_id: string }) => identity.external_id)).toEqual(['ada']);
  });
});
