import { beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { prepareDemo } from '../support/demo.ts';
import { exchange } from '../support/raw-http.ts';
import { reply } from '../support/scripted-model.ts';
import { someone, streamPath } from '../support/talk.ts';

let app: TestApp;
let origin: string;
beforeAll(async () => {
  app = await startTestApp();
  await prepareDemo(app);
  origin = await app.origin();
});

const get = (path: string, version: string, ...headers: string[]) =>
  [`GET ${path} HTTP/${version}`, 'Host: a', `Authorization: Bearer ${app.credential}`, ...headers, '', ''].join(
    '\r\n',
  );

/** The bodies of answers that stand one behind the other, put together from their chunks (RFC 9112, 7.1). */
function bodiesOf(bytes: string): string[] {
  const bodies: string[] = [];
  for (let rest = Buffer.from(bytes, 'latin1'); rest.length > 0; ) {
    const head = rest.subarray(0, rest.indexOf('\r\n\r\n')).toString().toLowerCase();
    rest = rest.subarray(head.length + 4);
    const length = /content-length: (\d+)/.exec(head)?.[1];
    if (length !== undefined) {
      bodies.push(rest.subarray(0, Number(length)).toString());
      rest = rest.subarray(Number(length));
      continue;
    }
    let body = '';
    for (let size = -1; size !== 0; ) {
      const line = rest.subarray(0, rest.indexOf('\r\n')).toString();
      size = Number.parseInt(line, 16);
      expect(line).toBe(size.toString(16));
      const start = line.length + 2;
      body += rest.subarray(start, start + size).toString();
      expect(rest.subarray(start + size, start + size + 2).toString()).toBe('\r\n');
      rest = rest.subarray(start + size + 2);
    }
    bodies.push(body);
  }
  return bodies;
}

const tokensOf = (body: string) =>
  [...body.matchAll(/^data: (.*)$/gm)]
    .map(([, data]) => JSON.parse(data as string) as { type: string; content: string })
    .filter(({ type }) => type === 'token')
    .map(({ content }) => content)
    .join('');

describe('an event stream', () => {
  const TEXT = 'Grüße, 世界 👋';

  it('is whole in its chunks, also where characters take several bytes', async () => {
    app.model.when('Greet me', reply.text('Grüße, ', '世界 ', '👋'));
    const bytes = await exchange(origin, get(streamPath(await someone(app), 'Greet me'), '1.1', 'Connection: close'));
    const [body = ''] = bodiesOf(bytes);
    expect(tokensOf(body)).toBe(TEXT);
    expect(body).toMatch(/"type":"complete".*\n\n$/);
  });

  it('is answered before what was asked behind it on the same connection, and after what was asked before it', async () => {
    app.model.when('Between two', reply.text('Grüße, ', '世界 ', '👋'));
    const bytes = await exchange(
      origin,
      [
        get('/stages', '1.1'),
        get(streamPath(await someone(app), 'Between two'), '1.1'),
        get('/channels', '1.1', 'Connection: close'),
      ].join(''),
    );
    const [stages = '', stream = '', channels = '', ...more] = bodiesOf(bytes);
    expect(more).toEqual([]);
    expect(JSON.parse(stages).message).toBe('Stages retrieved successfully');
    expect(tokensOf(stream)).toBe(TEXT);
    expect(JSON.parse(channels).message).toBe('Channels retrieved successfully');
  });

  it('ends with its connection for a client of HTTP/1.0, which knows no chunks', async () => {
    app.model.when('Old friend', reply.text('Grüße, ', '世界 ', '👋'));
    const bytes = await exchange(origin, get(streamPath(await someone(app), 'Old friend'), '1.0'));
    const [head = '', ...blocks] = Buffer.from(bytes, 'latin1').toString().split('\r\n\r\n');
    expect(head).not.toMatch(/transfer-encoding/i);
    const body = blocks.join('\r\n\r\n');
    expect(body.startsWith('id: ')).toBe(true);
    expect(tokensOf(body)).toBe(TEXT);
  });
});
