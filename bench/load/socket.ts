import { WebSocket } from 'ws';

interface Message {
  type: string;
  id?: string;
  payload?: unknown;
}

interface Listener {
  next(payload: Payload): void;
  done(error: Error | null): void;
}

/** The payload of a `next` message. */
export interface Payload {
  data?: Record<string, unknown> | null;
  errors?: { message: string }[];
}

/** A GraphQL connection over WebSocket (`graphql-transport-ws`), with no more in it than a client needs. */
export class Socket {
  readonly #socket: WebSocket;
  readonly #listeners = new Map<string, Listener>();
  #ids = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Resolves once the server has accepted the credentials. */
  static open(url: string, apiKey: string): Promise<Socket> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws', {
      perMessageDeflate: false,
    });
    const connection = new Socket(socket);
    return new Promise((resolve, reject) => {
      socket.once('open', () =>
        connection.#send({ type: 'connection_init', payload: { authorization: `Bearer ${apiKey}` } }),
      );
      socket.on('message', (bytes) => {
        const message = JSON.parse(String(bytes)) as Message;
        if (message.type === 'connection_ack') resolve(connection);
        else connection.#take(message);
      });
      socket.once('error', reject);
      socket.once('close', (code) => {
        const error = new Error(`The socket was closed with ${code}`);
        reject(error);
        for (const listener of connection.#listeners.values()) listener.done(error);
      });
    });
  }

  /** Runs an operation; resolves when it is complete. */
  run(query: string, variables: object, next: (payload: Payload) => void): Promise<void> {
    this.#ids += 1;
    const id = String(this.#ids);
    return new Promise((resolve, reject) => {
      this.#listeners.set(id, { next, done: (error) => (error ? reject(error) : resolve()) });
      this.#send({ type: 'subscribe', id, payload: { query, variables } });
    });
  }

  close(): void {
    this.#socket.terminate();
  }

  #take({ type, id = '', payload }: Message): void {
    const listener = this.#listeners.get(id);
    if (type === 'ping') this.#send({ type: 'pong' });
    else if (type === 'next') listener?.next(payload as Payload);
    else this.#end(id, type === 'error' ? new Error(JSON.stringify(payload)) : null);
  }

  #end(id: string, error: Error | null): void {
    const listener = this.#listeners.get(id);
    this.#listeners.delete(id);
    listener?.done(error);
  }

  #send(message: Message): void {
    this.#socket.send(JSON.stringify(message));
  }
}
