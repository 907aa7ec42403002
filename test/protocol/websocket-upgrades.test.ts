import { once } from 'node:events';
import { beforeAll, describe, expect, it } from 'vitest';
import { type ClientOptions, WebSocket } from 'ws';
import { startTestApp, type TestApp } from '../support/app.ts';
import { exchange, parseAnswer } from '../support/raw-http.ts';

const PAGE = 'https://shop.example';

let closed: TestApp;
let open: TestApp;
let any: TestApp;
beforeAll(async () => {
  closed = await startTestApp();
  open = await startTestApp({ environment: { CORS_ORIGINS: PAGE } });
  any = await startTestApp({ environment: { CORS_ORIGINS: '*' } });
});

/** The status of the answer to a handshake; 101 when it has opened. */
async function knock(app: TestApp, headers: Record<string, string> = {}, options: ClientOptions = {}): Promise<number> {
  const address = `${(await app.origin()).replace('http', 'ws')}/graphql`;
  const socket = new WebSocket(address, 'graphql-transport-ws', { ...options, headers });
  const refused = once(socket, 'unexpected-response').then(([, response]) => response.statusCode as number);
  const status = await Promise.race([once(socket, 'open').then(() => 101), refused]);
  socket.on('error', () => {}).terminate();
  return status;
}

describe('a WebSocket', () => {
  it('opens for who tells no origin, as only browsers do', async () => {
    expect(await knock(closed)).toBe(101);
  });

  it('opens for a page of the same host', async () => {
    expect(await knock(closed, { origin: await closed.origin() })).toBe(101);
  });

  it('opens for a page of the host a proxy has forwarded', async () => {
    const headers = { origin: 'https://chat.example', 'x-forwarded-host': 'chat.example' };
    expect(await knock(closed, headers)).toBe(101);
  });

  it.each([PAGE, 'null', 'file://', 'nonsense', ''])('does not open for a page of %j', async (origin) => {
    expect(await knock(closed, { origin })).toBe(403);
  });

  it('opens for a page of CORS_ORIGINS, and no other', async () => {
    expect(await knock(open, { origin: PAGE })).toBe(101);
    expect(await knock(open, { origin: 'https://evil.example' })).toBe(403);
    expect(await knock(open, { origin: `${PAGE}.evil.example` })).toBe(403);
  });

  it('opens for every page with CORS_ORIGINS=*', async () => {
    expect(await knock(any, { origin: 'https://evil.example' })).toBe(101);
  });
});

const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
const VERSION = 'Sec-WebSocket-Version: 13';

describe('a handshake', () => {
  const shake = async (line: string, headers: string[]) => {
    const all = [line, 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket', ...headers, '', ''];
    return parseAnswer(await exchange(await closed.origin(), all.join('\r\n')));
  };

  it.each([
    ['without a key', [VERSION]],
    ['with a key of another length', ['Sec-WebSocket-Key: x', VERSION]],
    ['without a version', [KEY]],
    ['of another version', [KEY, 'Sec-WebSocket-Version: 7']],
    ['with protocols that are none', [KEY, VERSION, 'Sec-WebSocket-Protocol: ,,']],
  ])('%s is refused in our words', async (_what, headers) => {
    const { status, headers: answered, body } = await shake('GET /graphql HTTP/1.1', headers);
    expect(status).toBe(400);
    expect(answered.get('sec-websocket-version')).toBe('13');
    expect(JSON.parse(body)).toMatchObject({ code: 'MALFORMED_REQUEST', detail: expect.stringContaining('RFC 6455') });
  });

  it.each(['GET /stages HTTP/1.1', 'GET /nothing HTTP/1.1', 'POST /graphql HTTP/1.1'])(
    'as %s is answered as if it were none',
    async (line) => {
      const { status, headers } = await shake(line, [KEY, VERSION, 'Connection: close']);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(headers.get('content-type')).toMatch(/json/);
    },
  );
});
