import { CloseCode, parseMessage, type Server } from 'graphql-ws';
import type { Logger } from 'pino';
import type { RawData, WebSocket } from 'ws';

export interface ProtocolSocketOptions<Extra> {
  /** What the protocol keeps of the socket. */
  extra: Extra;
  log: Logger;
  /** The client is pinged so often, in milliseconds; when it has not answered by the next ping, it is gone. */
  keepAliveMs: number;
  /** With more unsent bytes than this the socket is closed. */
  bufferBytes: number;
}

const PONG = JSON.stringify({ type: 'pong' });
const utf8 = new TextDecoder('utf-8', { fatal: true });
/** Messages that only a server may send; from a client they mean nothing. */
const SERVER_ONLY = new Set<string>(['connection_ack', 'next', 'error']);

/** Lets a socket speak the protocol. What fails inside is logged; the client is told no more than that it failed. */
export function serveProtocol<Extra>(
  protocol: Server<Extra>,
  socket: WebSocket,
  { extra, log, keepAliveMs, bufferBytes }: ProtocolSocketOptions<Extra>,
): void {
  const fail = (error: unknown) => {
    log.error({ err: error }, 'A message over a WebSocket failed for a reason of our own');
    socket.close(CloseCode.InternalServerError, 'The server failed');
  };
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      send: (text) => send(socket, text, bufferBytes),
      close: (code, reason) => socket.close(code, reason),
      // Answered without what came along: it may be nested more deeply than it can be written down again.
      onPing: () => send(socket, PONG, bufferBytes),
      onMessage: (receive) =>
        socket.on('message', (data: RawData, isBinary: boolean) => {
          const text = isBinary ? decoded(data as Buffer) : String(data);
          receive(text).catch((error) => {
            if (isMisplaced(text)) socket.close(CloseCode.BadRequest, 'Invalid message received');
            else fail(error);
          });
        }),
    },
    extra,
  );
  const stopPinging = ping(socket, keepAliveMs);
  // The socket closes itself, with the code that belongs to the fault; without a listener the process would end.
  socket.on('error', (error) => log.debug({ err: error }, 'A client broke the WebSocket protocol'));
  socket.once('close', (code, reason) => {
    stopPinging();
    Promise.resolve(closed(code, String(reason))).catch(fail);
  });
}

/** Resolves once more can be sent. A reader that leaves too much unread is closed, not fed; who has left is sent nothing. */
function send(socket: WebSocket, text: string, bufferBytes: number): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState !== socket.OPEN) return resolve();
    socket.send(text, () => resolve());
    if (socket.bufferedAmount > bufferBytes) socket.terminate();
  });
}

/** Pings now and then; returns what ends it. */
function ping(socket: WebSocket, keepAliveMs: number): () => void {
  let answered = true;
  const timer = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    if (socket.readyState === socket.OPEN) socket.ping();
  }, keepAliveMs);
  socket.on('pong', () => {
    answered = true;
  });
  return () => clearInterval(timer);
}

/** What is no text becomes none, which is no message either. */
function decoded(data: Buffer): string {
  try {
    return utf8.decode(data);
  } catch {
    return '';
  }
}

function isMisplaced(text: string): boolean {
  return SERVER_ONLY.has(parseMessage(text).type);
}
