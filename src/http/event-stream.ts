import type { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Silence } from '../silence.ts';

const COMMENT = ':\n\n';

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  // Nginx and its like would hold the events back.
  'X-Accel-Buffering': 'no',
};

/** Blocks of a stream of server-sent events, each as text that ends in an empty line. Pulled, never pushed. */
export interface BlockSource {
  next(): Promise<IteratorResult<string, unknown>>;
  return(): Promise<unknown>;
}

/** How long and how far a reader is waited for. */
export interface StreamLimits {
  /** A comment is sent after so much silence, in milliseconds, so that proxies and clients keep the connection. */
  heartbeatMs: number;
  /** A connection that takes nothing for so long, in milliseconds, is closed. */
  stallTimeoutMs: number;
  /** A connection with more unsent bytes than this is closed. */
  bufferBytes: number;
}

export interface EventStreamOptions {
  limits: StreamLimits;
  headers?: Record<string, string>;
  /**
   * Counts the connection until the function it returns is called, and calls `end` when the reader's credentials end.
   * Throws when it is one too many.
   */
  holdOpen(end: () => void): () => void;
  /** Node's own response, when there is one: writing to it directly costs half of a web stream. */
  outgoing?: ServerResponse | undefined;
}

/**
 * A response that sends blocks as they come and ends with them (Server-Sent Events). The source is left when the reader
 * leaves. A reader whose credentials end is cut off. Throws for a connection too many.
 */
export function eventStream(source: BlockSource, options: EventStreamOptions): Response {
  const { limits, headers = {}, outgoing } = options;
  const connection = new HeldConnection(source, options);
  const all = { ...HEADERS, ...headers };
  if (!outgoing) return new Response(toWebStream(source, connection, limits), { headers: all });
  outgoing.writeHead(200, all);
  joinWithWhatFollows(outgoing);
  outgoing.flushHeaders();
  void pump(source, outgoing, connection, limits);
  return RESPONSE_ALREADY_SENT;
}

/** A connection that is counted as long as it is open. */
class HeldConnection {
  /** Stops counting it. */
  readonly release: () => void;
  /** Cuts it off, once that is known how. */
  cut = () => {};

  constructor(source: BlockSource, { holdOpen }: EventStreamOptions) {
    try {
      this.release = holdOpen(() => this.cut());
    } catch (error) {
      void source.return().catch(() => undefined);
      throw error;
    }
  }
}

/** Never fails. */
async function pump(
  source: BlockSource,
  outgoing: ServerResponse,
  connection: HeldConnection,
  limits: StreamLimits,
): Promise<void> {
  const { stream, frame } = bodyOf(outgoing);
  const heartbeat = new Silence(limits.heartbeatMs, () => stream.write(frame(COMMENT)));
  connection.cut = () => outgoing.destroy();
  const leave = () => void source.return().catch(() => undefined);
  outgoing.on('error', leave).once('close', leave);
  // Who left before anybody listened is not heard of again.
  if (outgoing.destroyed) leave();
  try {
    for (let block = await source.next(); !block.done; block = await source.next()) {
      heartbeat.heard();
      if (!stream.write(frame(block.value)) && !(await drained(outgoing, stream, limits))) break;
    }
    outgoing.end();
  } catch {
    // The reader is told nothing it could mistake for an end: the connection breaks, and it comes back with its cursor.
    outgoing.destroy();
  } finally {
    heartbeat.stop();
    connection.release();
    leave();
  }
}

/** Where the body of a response goes, and what each piece of it is made into before. */
interface Body {
  stream: Writable;
  frame(text: string): string;
}

/**
 * The body of a response whose header has been written. Each piece is a chunk (RFC 9112, 7.1) written at once where that can be: Node's
 * own framing sends four pieces through the socket's stream, a quarter of what writing costs.
 */
function bodyOf(outgoing: ServerResponse): Body {
  const { socket } = outgoing;
  // Behind an answer that is still under way on the same connection, Node holds everything back by itself.
  if (!socket || !outgoing.chunkedEncoding) return { stream: outgoing, frame: (text) => text };
  return { stream: socket, frame: (text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n` };
}

/** Lets the headers leave together with the first block, if that is there already, as Node does with all that is written in one tick. */
function joinWithWhatFollows({ socket }: ServerResponse): void {
  if (!socket) return;
  socket.cork();
  process.nextTick(() => socket.uncork());
}

/** Waits until the reader takes more. False: it has left, or takes too little, and is closed. */
async function drained(
  outgoing: ServerResponse,
  stream: Writable,
  { stallTimeoutMs, bufferBytes }: StreamLimits,
): Promise<boolean> {
  if (outgoing.destroyed) return false;
  if (outgoing.writableLength > bufferBytes) {
    outgoing.destroy();
    return false;
  }
  return new Promise((resolve) => {
    const settle = (taken: boolean) => {
      clearTimeout(stalled);
      stream.off('drain', onDrain);
      outgoing.off('close', onClose);
      if (!taken) outgoing.destroy();
      resolve(taken);
    };
    const onDrain = () => settle(true);
    const onClose = () => settle(false);
    const stalled = setTimeout(() => settle(false), stallTimeoutMs);
    stream.once('drain', onDrain);
    outgoing.once('close', onClose);
  });
}

function toWebStream(
  source: BlockSource,
  connection: HeldConnection,
  { heartbeatMs }: StreamLimits,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let heartbeat: NodeJS.Timeout | undefined;
  const stop = () => {
    clearInterval(heartbeat);
    connection.release();
  };
  return new ReadableStream<Uint8Array>({
    start(controller) {
      heartbeat = setInterval(() => controller.enqueue(encoder.encode(COMMENT)), heartbeatMs);
      connection.cut = () => {
        stop();
        controller.error(new Error('The credentials of the reader have ended.'));
        void source.return().catch(() => undefined);
      };
    },
    async pull(controller) {
      try {
        const block = await source.next();
        heartbeat?.refresh();
        if (!block.done) return controller.enqueue(encoder.encode(block.value));
        stop();
        controller.close();
      } catch (error) {
        stop();
        throw error;
      }
    },
    async cancel() {
      stop();
      await source.return();
    },
  });
}
