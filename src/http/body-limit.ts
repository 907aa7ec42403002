import type { MiddlewareHandler } from 'hono';
import { LimitExceededError } from '../errors.ts';
import { failReading } from './json-body.ts';
import type { RestEnvironment } from './rest.ts';

/** Refuses bodies of more bytes: by the length they announce, or while they come when they announce none. */
export function limitBody(maxBytes: number): MiddlewareHandler<RestEnvironment> {
  return async (c, next) => {
    if (c.req.method === 'GET' || c.req.method === 'HEAD') return next();
    // Asked first: a body that nobody has touched yet is read faster.
    const announced = c.req.header('content-length');
    if (announced !== undefined) {
      if (Number(announced) > maxBytes) throw tooLarge(maxBytes);
      return next();
    }
    const { url, method, headers, body, signal } = c.req.raw;
    // NOTE: a new request, because Node's `Request` does not copy the one the server makes.
    if (body)
      c.req.raw = new Request(url, { method, headers, signal, body: await readAll(body, maxBytes).catch(failReading) });
    await next();
  };
}

async function readAll(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return size === 0 ? null : Buffer.concat(chunks, size);
}

function tooLarge(maxBytes: number): LimitExceededError {
  return new LimitExceededError('body', `The body is larger than ${maxBytes} bytes.`, { code: 'CONTENT_TOO_LARGE' });
}
