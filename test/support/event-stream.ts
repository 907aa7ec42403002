import type { TestApp } from './app.ts';

/** One block of a stream of server-sent events. Comments are no blocks. */
export interface Block {
  /** The block as it came, without the empty line at its end. */
  raw: string;
  id: string | undefined;
  /** Undefined for a block with an id only. */
  data: { type: string; content: string } | undefined;
}

export interface StreamOptions {
  headers?: Record<string, string>;
  /** Instead of the app's own; null sends none. */
  credential?: string | null;
  /** Calls over a real socket: the origin the app listens at. */
  origin?: string;
}

/** Asks for a stream, or for whatever the server answers instead. */
export async function openStream(
  app: TestApp,
  path: string,
  { headers = {}, credential = app.credential, origin }: StreamOptions = {},
): Promise<Response> {
  const all = { ...(credential !== null && { authorization: `Bearer ${credential}` }), ...headers };
  if (origin !== undefined) return fetch(`${origin}${path}`, { headers: all });
  return app.app.fetch(new Request(`http://milepost.test${path}`, { headers: all }));
}

/** Opens a stream and reads it to its end. */
export async function readStream(app: TestApp, path: string, options: StreamOptions = {}): Promise<Block[]> {
  return new BlockReader(await openStream(app, path, options)).rest();
}

/** The events of a stream as [type, content], without what only has an id. */
export function eventsOf(blocks: Block[]): [type: string, content: string][] {
  return blocks.flatMap(({ data }) => (data ? [[data.type, data.content] as [string, string]] : []));
}

/** The text of all tokens, in order. */
export function textOf(blocks: Block[]): string {
  return eventsOf(blocks)
    .flatMap(([type, content]) => (type === 'token' ? [content] : []))
    .join('');
}

/** Reads a stream of server-sent events block by block, no further than it is asked to. */
export class BlockReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #buffered = '';

  constructor({ body, status }: Response) {
    if (!body) throw new Error(`There is no body; the status is ${status}`);
    this.#reader = body.getReader();
  }

  /** The next block, or null at the end of the stream. */
  async next(): Promise<Block | null> {
    for (;;) {
      const end = this.#buffered.indexOf('\n\n');
      if (end !== -1) {
        const raw = this.#buffered.slice(0, end);
        this.#buffered = this.#buffered.slice(end + 2);
        if (raw.startsWith(':')) continue;
        return toBlock(raw);
      }
      const { done, value } = await this.#reader.read();
      if (done) return null;
      this.#buffered += this.#decoder.decode(value, { stream: true });
    }
  }

  /** Everything up to the end. */
  async rest(): Promise<Block[]> {
    const blocks: Block[] = [];
    for (let block = await this.next(); block !== null; block = await this.next()) blocks.push(block);
    return blocks;
  }

  /** Leaves the stream before its end, as a client whose connection breaks. */
  async leave(): Promise<void> {
    await this.#reader.cancel();
  }
}

function toBlock(raw: string): Block {
  const fields = new Map(
    raw.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trimStart()]),
  );
  const data = fields.get('data');
  return { raw, id: fields.get('id'), data: data === undefined ? undefined : JSON.parse(data) };
}
