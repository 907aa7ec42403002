import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { WebSocket } from 'ws';
import { openRawSocket } from './raw-readers.ts';

export interface FuzzCall {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string | Buffer | undefined;
}

/** Sends calls over a few connections, which it keeps open until it is closed. */
export class FuzzClient {
  readonly #origin: string;
  readonly #agent: Agent;

  constructor(origin: string, connections: number) {
    this.#origin = origin;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** The answer; of one that streams only the beginning. Status 0: the connection was closed without one. */
  async call({ method, path, headers, body }: FuzzCall): Promise<{ status: number; text: string }> {
    const { hostname, port } = new URL(this.#origin);
    const sent = method === 'HEAD' ? undefined : body;
    // Without its length Node would send the body of a GET as if it were another request.
    const all = sent === undefined ? headers : { ...headers, 'content-length': `${Buffer.byteLength(sent)}` };
    const outgoing = request({ agent: this.#agent, hostname, port, method, path, headers: all });
    outgoing.on('error', () => {}).end(sent);
    try {
      const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
      const streams = incoming.headers['content-type']?.startsWith('text/event-stream');
      let text = '';
      for await (const chunk of incoming) {
        text += chunk;
        if (streams) break;
      }
      return { status: incoming.statusCode ?? 0, text };
    } catch (error) {
      return { status: 0, text: String(error) };
    }
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** A WebSocket that opens again when the server has closed it, and remembers what came. */
export class FuzzSocket {
  readonly #open: () => Promise<WebSocket>;
  #socket: WebSocket | null = null;
  #opening: Promise<WebSocket> | null = null;
  /** Everything that came, and the codes it was closed with. */
  readonly seen: string[] = [];
  readonly codes: number[] = [];

  constructor(origin: string, credential: string) {
    this.#open = () => openRawSocket(origin, credential);
  }

  async send(data: string | Buffer): Promise<void> {
    (await this.#ready()).send(data);
  }

  /** Bytes that need not be a frame. */
  async sendRaw(bytes: Buffer): Promise<void> {
    const { _socket: connection } = (await this.#ready()) as unknown as { _socket: { write(bytes: Buffer): void } };
    connection.write(bytes);
  }

  /** Resolves once the server has read everything that was sent, or has closed the socket. */
  async settle(id: string): Promise<void> {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    const answered = Promise.withResolvers<void>();
    const onMessage = (data: unknown) => String(data).includes(`"id":"${id}"`) && answered.resolve();
    socket.on('message', onMessage).once('close', () => answered.resolve());
    socket.send(JSON.stringify({ type: 'subscribe', id, payload: { query: '{ workspace { id } }' } }));
    await answered.promise;
    socket.off('message', onMessage);
  }

  async close(): Promise<void> {
    if (!this.#socket || this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }

  async #ready(): Promise<WebSocket> {
    if (this.#socket?.readyState === WebSocket.OPEN) return this.#socket;
    this.#opening ??= this.#reopen().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #reopen(): Promise<WebSocket> {
    if (this.#socket && this.#socket.readyState !== WebSocket.CLOSED) await once(this.#socket, 'close');
    this.#socket = await this.#open();
    return this.#socket
      .on('message', (data) => this.seen.push(String(data)))
      .on('close', (code) => this.codes.push(code))
      .on('error', () => {});
  }
}
