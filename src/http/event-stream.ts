import type { ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';

/** A comment is sent after so much silence, so that proxies and clients keep the connection. */
const HEARTBEAT_MS = 10_000;
/** A connection that takes nothing for so long is given up. */
const STALL_MS = 60_000;
const COMMENT = ':\n\n';

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  Connection: 'keep-alive',
  // Nginx and its like would hold the events back.
  'X-Accel-Buffering': 'no',
};

/** Blocks of a stream of server-sent events, each as text that ends in an empty line. Pulled, never pushed. */
export interface BlockSource {
  next(): Promise<IteratorResult<string, unknown>>;
  return(): Promise<unknown>;
}

export interface EventStreamOptions {
  headers?: Record<string, string>;
  /** Node's own response, when there is one: writing to it directly costs half of a web stream. */
  outgoing?: ServerResponse | undefined;
}

/** A response that sends blocks as they come and ends with them (Server-Sent Events). The source is left when the reader leaves. */
export function eventStream(source: BlockSource, { headers = {}, outgoing }: EventStreamOptions): Response {
  const all = { ...HEADERS, ...headers };
  if (!outgoing) return new Response(toWebStream(source), { headers: all });
  outgoing.writeHead(200, all);
  outgoing.flushHeaders();
  void pump(source, outgoing);
  return RESPONSE_ALREADY_SENT;
}

async function pump(source: BlockSource, outgoing: ServerResponse): Promise<void> {
  const heartbeat = setInterval(() => outgoing.write(COMMENT), HEARTBEAT_MS);
  const left = new Promise<void>((resolve) => outgoing.once('close', resolve));
  void left.then(() => source.return());
  try {
    for (let block = await source.next(); !block.done; block = await source.next()) {
      heartbeat.refresh();
      if (!outgoing.write(block.value) && !(await drained(outgoing))) break;
    }
    outgoing.end();
  } catch {
    // The reader is told nothing it could mistake for an end: the connection breaks, and it comes back with its cursor.
    outgoing.destroy();
  } finally {
    clearInterval(heartbeat);
    await source.return();
  }
}

/** Waits until the reader takes more. False: it has left, or takes nothing any more. */
async function drained(outgoing: ServerResponse): Promise<boolean> {
  if (outgoing.destroyed) return false;
  return new Promise((resolve) => {
    const settle = (taken: boolean) => {
      clearTimeout(stalled);
      outgoing.off('drain', onDrain).off('close', onClose);
      if (!taken) outgoing.destroy();
      resolve(taken);
    };
    const onDrain = () => settle(true);
    const onClose = () => settle(false);
    const stalled = setTimeout(() => settle(false), STALL_MS);
    outgoing.once('drain', onDrain).once('close', onClose);
  });
}

function toWebStream(source: BlockSource): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let heartbeat: NodeJS.Timeout | undefined;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      heartbeat = setInterval(() => controller.enqueue(encoder.encode(COMMENT)), HEARTBEAT_MS);
    },
    async pull(controller) {
      const block = await source.next();
      heartbeat?.refresh();
      if (!block.done) return controller.enqueue(encoder.encode(block.value));
      clearInterval(heartbeat);
      controller.close();
    },
    async cancel() {
      clearInterval(heartbeat);
      await source.return();
    },
  });
}
