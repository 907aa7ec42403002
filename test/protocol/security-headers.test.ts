import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { prepareDemo, send } from '../support/demo.ts';
import { exchange, parseAnswer } from '../support/raw-http.ts';
import { streamPath } from '../support/talk.ts';

const PAGE = 'https://shop.example';

let app: TestApp;
let origin: string;
beforeAll(async () => {
  app = await startTestApp({ environment: { CORS_ORIGINS: PAGE } });
  await prepareDemo(app);
  origin = await app.origin();
});

/** Asks over a real connection and reads the answer to its end. */
async function ask(path: string, init: RequestInit = {}) {
  const headers = { authorization: `Bearer ${app.credential}`, ...(init.headers as Record<string, string>) };
  const response = await fetch(`${origin}${path}`, { ...init, headers });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

const post = (body: string, headers = {}) => ({
  method: 'POST',
  body,
  headers: { 'content-type': 'application/json', ...headers },
});
const SOCKET = [
  'GET /graphql HTTP/1.1',
  ...['Host: a', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
];
const html = { headers: { accept: 'text/html' } };

/** Every kind of answer there is, whoever writes it. */
const ANSWERS: Record<string, [status: number, () => Promise<{ status: number; headers: Headers; body: string }>]> = {
  'an answer': [200, () => ask('/stages')],
  'what was created': [201, () => ask('/stages', post('{"name":"New stage"}'))],
  'a wrong input': [400, () => ask('/stages', post('{'))],
  'an unknown key': [401, () => ask('/stages', { headers: { authorization: 'Bearer mp_unknown' } })],
  'a route that is not there': [404, () => ask('/nothing')],
  'the wrong method': [405, () => ask(streamPath('ada', 'Hello'), { method: 'HEAD' })],
  'a body that is too large': [413, () => ask('/stages', post('x'.repeat(2_000_000)))],
  'a preflight': [
    204,
    () => ask('/stages', { method: 'OPTIONS', headers: { origin: PAGE, 'access-control-request-method': 'POST' } }),
  ],
  'a stream': [200, () => ask(streamPath('ada', 'Hello'))],
  GraphQL: [200, () => ask('/graphql', post('{"query":"{ workspace { id } }"}'))],
  'a subscription over SSE': [
    200,
    async () => {
      const { turn } = await send(app, 'Hello');
      const query = `subscription { turnEvents(turnId: "${turn.id}") { cursor } }`;
      return ask('/graphql', post(JSON.stringify({ query }), { accept: 'text/event-stream' }));
    },
  ],
  'a body GraphQL does not take': [415, () => ask('/graphql', post('{}', { 'content-type': 'text/plain' }))],
  'a request that is none': [400, async () => parseAnswer(await exchange(origin, 'nonsense\r\n\r\n'))],
  'a request with two hosts': [
    400,
    async () => parseAnswer(await exchange(origin, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')),
  ],
  'a handshake that is none': [400, async () => parseAnswer(await exchange(origin, `${SOCKET.join('\r\n')}\r\n\r\n`))],
};

describe('the headers of', () => {
  it.each(Object.entries(ANSWERS))('%s say that it is data, for its reader alone', async (_what, [status, answer]) => {
    const { status: answered, headers } = await answer();
    expect(answered).toBe(status);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': expect.stringMatching(/^no-(store|cache, no-transform)$/),
    });
    expect(headers.has('x-powered-by') || headers.has('server')).toBe(false);
  });

  it('a page say nothing that stands in the name of the host', async () => {
    const request = `GET /graphql HTTP/1.1\r\nHost: a;script-src\r\nAccept: text/html\r\nConnection: close\r\n\r\n`;
    const { status, headers } = parseAnswer(await exchange(origin, request));
    expect(status).toBe(200);
    expect(headers.get('content-security-policy')).toContain("connect-src 'self';");
  });

  it('the explorer let its own scripts run, and nothing be loaded or told elsewhere', async () => {
    const { headers, body } = await ask('/graphql', html);
    const policy = new Map(
      (headers.get('content-security-policy') ?? '').split('; ').map((directive) => {
        const [name = '', ...sources] = directive.split(' ');
        return [name, sources];
      }),
    );
    const hashes = Array.from(body.matchAll(/<script>([\s\S]*?)<\/script>/g), ([, script = '']) => {
      return `'sha256-${createHash('sha256').update(script).digest('base64')}'`;
    });
    expect(hashes.length).toBeGreaterThan(0);
    expect(policy.get('script-src')).toEqual(hashes);
    expect(policy.get('default-src')).toEqual(["'self'"]);
    expect(policy.get('frame-ancestors')).toEqual(["'none'"]);
    const { host } = new URL(origin);
    expect(policy.get('connect-src')).toEqual(["'self'", `ws://${host}`, `wss://${host}`]);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});
