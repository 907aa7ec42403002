import { beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { exchange, parseAnswer } from '../support/raw-http.ts';

let app: TestApp;
let origin: string;
beforeAll(async () => {
  app = await startTestApp();
  origin = await app.origin();
});

const BODY = '{"name":"Smuggled"}';
/** A second request that would be answered if the first one ended where another server thinks that it does. */
const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';

function request(line: string, headers: string[], body = ''): string {
  return [line, `Authorization: Bearer ${app.credential}`, ...headers, '', body].join('\r\n');
}

const post =
  (headers: string[], body = BODY) =>
  () =>
    request('POST /stages HTTP/1.1', ['Host: a', 'Content-Type: application/json', ...headers], body);
const get =
  (headers: string[], line = 'GET /stages HTTP/1.1') =>
  () =>
    request(line, headers);

/** Requests two servers in a row could take for different ones, and what is no request at all. */
const REFUSED: Record<string, () => string> = {
  'a length and chunks': post(['Content-Length: 4', 'Transfer-Encoding: chunked'], `0\r\n\r\n${HIDDEN}`),
  'chunks and a length': post(['Transfer-Encoding: chunked', 'Content-Length: 4'], `0\r\n\r\n${HIDDEN}`),
  'two lengths': post(['Content-Length: 2', 'Content-Length: 40'], `{}${HIDDEN}`),
  'the same length twice': post(['Content-Length: 2', 'Content-Length: 2'], `{}${HIDDEN}`),
  'a list of lengths': post(['Content-Length: 2, 2'], `{}${HIDDEN}`),
  'a length with a sign': post(['Content-Length: +2'], `{}${HIDDEN}`),
  'a negative length': post(['Content-Length: -1'], `{}${HIDDEN}`),
  'a length in hexadecimals': post(['Content-Length: 0x2'], `{}${HIDDEN}`),
  'a length with a space before the colon': post(['Content-Length : 2'], `{}${HIDDEN}`),
  'an unknown coding': post(['Transfer-Encoding: xchunked'], `0\r\n\r\n${HIDDEN}`),
  'chunks that are not the last coding': post(['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${HIDDEN}`),
  'a coding with a space before the colon': post(['Transfer-Encoding : chunked'], `0\r\n\r\n${HIDDEN}`),
  'a coding in a folded line': post(['Transfer-Encoding:', ' chunked'], `0\r\n\r\n${HIDDEN}`),
  'a size of a chunk that is none': post(['Transfer-Encoding: chunked'], `zz\r\n${BODY}\r\n0\r\n\r\n`),
  'a size of a chunk with a sign': post(['Transfer-Encoding: chunked'], `+2\r\n{}\r\n0\r\n\r\n`),
  'chunks that end in a line feed': post(['Transfer-Encoding: chunked'], `2\n{}\n0\n\n${HIDDEN}`),
  'a chunk longer than its size': post(['Transfer-Encoding: chunked'], `1\r\n{}\r\n0\r\n\r\n`),
  'lines that end in a line feed': () => 'GET /stages HTTP/1.1\nHost: a\n\n',
  'a header line that ends in a line feed': () => 'GET /stages HTTP/1.1\r\nHost: a\nX: y\r\n\r\n',
  'a folded header line': get(['Host: a', 'X: y', ' z']),
  'a NUL in a header': get(['Host: a', 'X: \0']),
  'no host': get([]),
  'two hosts': get(['Host: a', 'Host: b']),
  'a host that is none': get(['Host: a b']),
  'a target that is none': get(['Host: a'], 'GET stages HTTP/1.1'),
  'the target *': get(['Host: a'], 'OPTIONS * HTTP/1.1'),
  'an unknown method': get(['Host: a'], 'STAGE /stages HTTP/1.1'),
  'another protocol': () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'the beginning of TLS': () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'an address with half an escape': get(['Host: a'], 'GET /identity/%4 HTTP/1.1'),
  'an address that is no UTF-8': get(['Host: a'], 'GET /identity/%ff HTTP/1.1'),
  'a query that is no UTF-8': get(['Host: a'], 'GET /conversation/ada/streaming?channel_id=web&message=%ff HTTP/1.1'),
  'a body that is no UTF-8': post(['Content-Length: 14'], '{"name":"ab\xff"}'),
};

describe('a request with', () => {
  it.each(Object.entries(REFUSED))('%s is refused, and nothing behind it is read', async (_what, make) => {
    const answer = await exchange(origin, make().replace('\r\n', '\r\nConnection: close\r\n'));
    const { status, headers, body } = parseAnswer(answer);
    expect(status).toBe(400);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(JSON.parse(body)).toMatchObject({
      status: 400,
      code: expect.stringMatching(/^(MALFORMED_REQUEST|INVALID_INPUT)$/),
    });
    expect(answer.match(/HTTP\/1\.1 \d{3} /g)).toHaveLength(1);
    expect(await app.database.db.stage.count()).toBe(0);
  });

  it.each([
    ['a header field of 20,000 bytes', [`X: ${'x'.repeat(20_000)}`]],
    ['2,500 header fields', Array.from({ length: 2500 }, (_, index) => `X${index}: x`)],
  ])('%s is answered 431', async (_what, headers) => {
    const { status, body } = parseAnswer(await exchange(origin, get(['Host: a', ...headers])()));
    expect([status, JSON.parse(body).code]).toEqual([431, 'HEADERS_TOO_LARGE']);
  });

  it('endless extensions of a chunk is answered 413', async () => {
    const chunk = `2;${'x'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`;
    const { status, body } = parseAnswer(await exchange(origin, post(['Transfer-Encoding: chunked'], chunk)()));
    expect([status, JSON.parse(body).code]).toEqual([413, 'CONTENT_TOO_LARGE']);
  });

  it('an expectation nobody can meet is answered 417', async () => {
    const { status, body } = parseAnswer(
      await exchange(origin, post(['Expect: wonders', 'Content-Length: 2'], '{}')()),
    );
    expect([status, JSON.parse(body).code]).toEqual([417, 'EXPECTATION_FAILED']);
  });

  it('the method CONNECT ends the connection', async () => {
    expect(await exchange(origin, get(['Host: a'], 'CONNECT a:80 HTTP/1.1')())).toBe('');
  });

  it('no host is answered in HTTP/1.0', async () => {
    expect(parseAnswer(await exchange(origin, get([], 'GET /stages HTTP/1.0')())).status).toBe(200);
  });

  it('an offer of HTTP/2 is answered in HTTP/1.1', async () => {
    const offer = ['Host: a', 'Connection: Upgrade, HTTP2-Settings, close', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'];
    expect(parseAnswer(await exchange(origin, get(offer)())).status).toBe(200);
  });

  it('bytes behind it that are none ends in a refusal', async () => {
    const answers = await exchange(origin, `${get(['Host: a'])()}\x00\x01\r\n\r\n`);
    const [last = ''] = answers.split(/(?=HTTP\/1\.1 \d{3} )/).slice(-1);
    expect(parseAnswer(last).status).toBe(400);
  });
});
