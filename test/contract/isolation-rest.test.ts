import { beforeAll, describe, expect, it } from 'vitest';
import { type Caller, startTestApp } from '../support/app.ts';
import { prepareDemo, send } from '../support/demo.ts';
import { type Kind, MARK, type Names, prepareForeign, rowsOf } from '../support/foreign.ts';
import { filled, REST_CASES, routes } from '../support/isolation-rest-cases.ts';

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

describe('REST', () => {
  it('has a case for every route', () => {
    expect(Object.keys(REST_CASES).sort()).toEqual(routes().sort());
  });

  it('has a case for everything that is named in the path of a route', () => {
    for (const [route, calls] of Object.entries(REST_CASES)) {
      const [, pattern = ''] = route.split(' ');
      for (const [place, segment] of pattern.split('/').entries()) {
        if (!segment.startsWith(':')) continue;
        const tried = calls.some(([{ path }]) => path.split('?')[0]?.split('/')[place] === '{it}');
        expect([route, segment, tried]).toEqual([route, segment, true]);
      }
    }
  });

  const cases = Object.entries(REST_CASES).flatMap(([route, calls]) =>
    calls.flatMap(([call, ...kinds]) => kinds.map((kind) => ({ route, call, kind, path: call.path }))),
  );

  it.each(cases)(
    '$route answers to the $kind of another workspace as to one of nobody in $path',
    async ({ route, call, kind }) => {
      const answers = [];
      for (const value of [names[kind].nobodys, names[kind].theirs].map(String)) {
        const { path, body: sent, headers } = filled(call, value, own);
        const { status, body } = await app.rest(route.split(' ')[0] ?? '', path, sent, headers);
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
