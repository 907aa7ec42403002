import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type BlockSource, eventStream, type StreamLimits } from '../../src/http/event-stream.ts';

const limits: StreamLimits = { heartbeatMs: 60_000, stallTimeoutMs: 60_000, bufferBytes: 1_000_000_000 };
/** Credentials that never end. */
const FOR_EVER = { limits, holdOpen: () => () => {} };
const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Blocks of a mebibyte, as many as are taken. */
class Endless implements BlockSource {
  taken = 0;
  readonly #left = Promise.withResolvers<void>();
  readonly left = this.#left.promise;

  async next(): Promise<IteratorResult<string, unknown>> {
    await new Promise(setImmediate);
    this.taken += 1;
    return { done: false, value: `data: ${'x'.repeat(1_048_576)}\n\n` };
  }

  async return(): Promise<void> {
    this.#left.resolve();
  }
}

/** Answers one request by this, and returns the client's side of it, which reads nothing. */
async function ask(answer: (outgoing: ServerResponse) => void): Promise<Socket> {
  const server = createServer((_incoming, outgoing) => answer(outgoing)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client
    .pause()
    .on('error', () => {})
    .write('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
  closing.push(() => {
    client.destroy();
    server.closeAllConnections();
    server.close();
  });
  return client;
}

describe('the reader of an event stream', () => {
  it('is closed when it takes nothing for long, and is not fed meanwhile', async () => {
    const source = new Endless();
    await ask((outgoing) => eventStream(source, { ...FOR_EVER, limits: { ...limits, stallTimeoutMs: 50 }, outgoing }));
    await source.left;
    // What the system's own buffers hold has been taken.
    expect(source.taken).toBeLessThan(20);
  });

  it('is closed when it leaves too much unread', async () => {
    const source = new Endless();
    await ask((outgoing) => eventStream(source, { ...FOR_EVER, limits: { ...limits, bufferBytes: 1000 }, outgoing }));
    await source.left;
  });

  it('is fed on when it begins to take again', async () => {
    const source = new Endless();
    const client = await ask((outgoing) => eventStream(source, { ...FOR_EVER, outgoing }));
    let bytes = 0;
    client.on('data', (chunk) => {
      bytes += chunk.length;
    });
    client.resume();
    while (bytes < 50 * 1_048_576) await once(client, 'data');
    expect(source.taken).toBeGreaterThan(48);
  });

  it('is cut off when its credentials end', async () => {
    const source = new Endless();
    let end = () => {};
    let released = false;
    const holdOpen = (tell: () => void) => {
      end = tell;
      return () => {
        released = true;
      };
    };
    const client = await ask((outgoing) => eventStream(source, { limits, holdOpen, outgoing }));
    await once(client.resume(), 'data');
    end();
    await Promise.all([source.left, once(client, 'close')]);
    expect(released).toBe(true);
  });

  it('lets its source go when it leaves', async () => {
    const source = new Endless();
    const client = await ask((outgoing) => eventStream(source, { ...FOR_EVER, outgoing }));
    await once(client.resume(), 'data');
    client.destroy();
    await source.left;
  });

  it('lets its source go when it had left before the stream began', async () => {
    const source = { next: () => new Promise<never>(() => {}), return: Promise.withResolvers<void>() };
    await ask((outgoing) => {
      outgoing.destroy();
      outgoing.once('close', () => {
        eventStream({ next: source.next, return: async () => source.return.resolve() }, { ...FOR_EVER, outgoing });
      });
    });
    await source.return.promise;
  });

  it('is cut off, not told an end, when the source fails', async () => {
    const source = { next: () => Promise.reject(new Error('Away')), return: () => Promise.reject(new Error('Away')) };
    const client = await ask((outgoing) => eventStream(source, { ...FOR_EVER, outgoing }));
    let received = '';
    client.on('data', (chunk) => {
      received += chunk;
    });
    await once(client.resume(), 'close');
    expect(received.endsWith('0\r\n\r\n')).toBe(false);
  });
});

describe('an event stream without a port', () => {
  it('is cut off when the credentials of its reader end', async () => {
    const source = new Endless();
    let end = () => {};
    const holdOpen = (tell: () => void) => {
      end = tell;
      return () => {};
    };
    const reader = eventStream(source, { limits, holdOpen }).body?.getReader();
    await reader?.read();
    end();
    await expect(reader?.read()).rejects.toThrow('have ended');
    await source.left;
  });

  it('fails with its source, and is silent then', async () => {
    const failure = new Error('Away');
    const source = { next: () => Promise.reject(failure), return: async () => {} };
    const { body } = eventStream(source, { ...FOR_EVER, limits: { ...limits, heartbeatMs: 1 } });
    await expect(body?.getReader().read()).rejects.toBe(failure);
  });

  it('lets its source go when its reader leaves', async () => {
    const source = new Endless();
    const { body } = eventStream(source, FOR_EVER);
    await body?.cancel();
    await source.left;
  });
});
