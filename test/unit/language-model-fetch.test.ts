import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, expect, it } from 'vitest';
import { createNodeFetch, NodeResponse } from '../../src/language-model/node-fetch.ts';

const fetch = createNodeFetch();
let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/path?a=1`;
}

it('sends the method, the headers and the body', async () => {
  const url = await serve(async (request, response) => {
    const { method, url: path, headers } = request;
    response.end(JSON.stringify({ method, path, token: headers['x-token'], body: await text(request) }));
  });
  const response = await fetch(url, { method: 'POST', headers: { 'X-Token': 'abc' }, body: 'olá' });
  expect(await response.json()).toEqual({ method: 'POST', path: '/path?a=1', token: 'abc', body: 'olá' });
});

it('gives up on an endpoint that wants to speak another protocol', async () => {
  const url = await serve((_, response) => {
    response.writeHead(101, { Connection: 'Upgrade', Upgrade: 'something' });
    response.end();
  });
  await expect(fetch(url)).rejects.toThrow('another protocol');
});

it('answers with the status and all headers', async () => {
  const url = await serve((_, response) => {
    response.writeHead(
      429,
      'Slow down',
      [
        ['X-One', '1'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ].flat(),
    );
    response.end('no');
  });
  const response = await fetch(url);
  expect([response.status, response.statusText, response.ok]).toEqual([429, 'Slow down', false]);
  expect(response.headers.get('x-one')).toBe('1');
  expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  expect(await response.text()).toBe('no');
});

it.each([204, 304])('answers a status of %i without a body', async (status) => {
  const url = await serve((_, response) => response.writeHead(status).end());
  const response = await fetch(url);
  expect([response.status, response.body]).toEqual([status, null]);
});

it('refuses a status that is none', async () => {
  const url = await serve((request) => request.socket.end('HTTP/1.1 999 Odd\r\n\r\n'));
  await expect(fetch(url)).rejects.toThrow(RangeError);
});

it('answers a redirect without following it', async () => {
  const url = await serve((_, response) => response.writeHead(302, { location: '/elsewhere' }).end());
  expect((await fetch(url)).headers.get('location')).toBe('/elsewhere');
});

it('rejects when the address is wrong or nobody listens', async () => {
  await expect(fetch('nowhere')).rejects.toThrow(TypeError);
  await expect(fetch('http://127.0.0.1:1/')).rejects.toThrow('ECONNREFUSED');
});

it('fails the body when the connection is cut', async () => {
  const url = await serve((_, response) => response.write('half', () => response.destroy()));
  await expect((await fetch(url)).text()).rejects.toThrow('aborted');
});

it('reads no faster than the reader of its body', async () => {
  let produced = 0;
  const source = new Readable({
    read() {
      produced += 1;
      this.push(Buffer.alloc(65_536));
    },
  });
  const reader = new NodeResponse(source, { status: 200 }).body?.getReader();
  expect(produced).toBe(0);
  for (let count = 1; count <= 10; count += 1) await reader?.read();
  expect(produced).toBeLessThan(15);
  await reader?.cancel();
  expect(source.destroyed).toBe(true);
});

it('closes the connection when the body is given up', async () => {
  const left = Promise.withResolvers<void>();
  const url = await serve((_, response) => {
    response.once('close', left.resolve);
    response.write('some');
  });
  await (await fetch(url)).body?.cancel();
  await left.promise;
});

it('rejects with the reason and closes the connection when aborted before the answer', async () => {
  const arrived = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  const url = await serve((_, response) => {
    response.once('close', left.resolve);
    arrived.resolve();
  });
  const controller = new AbortController();
  const response = fetch(url, { signal: controller.signal });
  await arrived.promise;
  controller.abort('enough');
  await expect(response).rejects.toBe('enough');
  await left.promise;
});
