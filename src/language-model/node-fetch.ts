import http from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';

const AGENT_OPTIONS = {
  keepAlive: true,
  // An idle connection is given up before something on the way forgets it silently.
  timeout: 30_000,
};

/**
 * A `fetch` over node:http with kept-alive connections of its own: it takes less CPU than the built-in one.
 * Takes an address, a method, headers, a text body and a signal; redirects are answered, not followed.
 */
export function createNodeFetch(): typeof globalThis.fetch {
  const plain = { request: http.request, agent: new http.Agent(AGENT_OPTIONS) };
  const secure = { request: https.request, agent: new https.Agent(AGENT_OPTIONS) };

  return (input, init = {}) =>
    new Promise((resolve, reject) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const signal = init.signal ?? undefined;
      signal?.throwIfAborted();
      const { request: open, agent } = url.protocol === 'https:' ? secure : plain;
      const headers = toRecord(init.headers);
      const request = open(url, { agent, method: init.method ?? 'GET', headers });
      const abort = () => {
        reject(signal?.reason);
        request.destroy();
      };
      signal?.addEventListener('abort', abort, { once: true });
      request.once('close', () => signal?.removeEventListener('abort', abort));
      request.on('error', reject);
      // Else Node gives up the request without a word.
      request.once('upgrade', (_incoming, socket) => {
        reject(new TypeError('The endpoint wants to speak another protocol.'));
        socket.destroy();
      });
      request.once('response', (incoming) => {
        try {
          resolve(toResponse(incoming));
        } catch (error) {
          reject(error);
          request.destroy();
        }
      });
      request.end(init.body as string | null | undefined);
    });
}

/** A record of single values is taken as it is. */
function toRecord(headers: RequestInit['headers'] = {}): http.OutgoingHttpHeaders {
  const plain = !(headers instanceof Headers) && !Array.isArray(headers);
  return plain ? (headers as Record<string, string>) : Object.fromEntries(new Headers(headers));
}

function toResponse(incoming: http.IncomingMessage): NodeResponse {
  const { rawHeaders, statusCode = 0, statusMessage = '' } = incoming;
  const headers: [string, string][] = [];
  for (let index = 0; index < rawHeaders.length; index += 2)
    headers.push([rawHeaders[index] as string, rawHeaders[index + 1] as string]);
  return new NodeResponse(incoming, { status: statusCode, statusText: statusMessage, headers });
}

const NULL_BODY_STATUSES = new Set([204, 205, 304]);

/**
 * A response whose body may also be read as the Node stream it comes from, which takes a quarter less CPU per token.
 * Either is to be read, not both.
 */
export class NodeResponse extends Response {
  readonly stream: Readable;

  constructor(stream: Readable, init: ResponseInit & { status: number }) {
    super(NULL_BODY_STATUSES.has(init.status) ? null : toWeb(stream), init);
    if (!this.body) stream.resume();
    // Whoever reads will learn of it; until then it must not end the process.
    stream.on('error', () => {});
    this.stream = stream;
  }
}

/** Touches the stream only when read, unlike Readable.toWeb. */
function toWeb(stream: Readable): ReadableStream<Uint8Array> {
  let chunks: NodeJS.AsyncIterator<Buffer> | undefined;
  return new ReadableStream(
    {
      async pull(controller) {
        chunks ??= stream[Symbol.asyncIterator]() as NodeJS.AsyncIterator<Buffer>;
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel() {
        stream.destroy();
      },
    },
    { highWaterMark: 0 },
  );
}
