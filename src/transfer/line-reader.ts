import { NOT_WHOLE, TransferError } from './export-format.ts';

const NEWLINE = 0x0a;

/** Reads bytes that come in pieces: line by line, or many lines at once up to one that ends them. */
export class LineReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** The next line without its end. Throws TransferError when there is none. */
  async line(): Promise<string> {
    const end = await this.#find(NEWLINE);
    return this.#take(end + 1).toString('utf8', 0, end);
  }

  /** Whole lines as they come, up to the one that is `last`, which is read but not given. */
  async *linesUntil(last: string): AsyncGenerator<Buffer> {
    const ending = Buffer.from(`${last}\n`);
    for (;;) {
      await this.#find(NEWLINE);
      const end = this.#rest.subarray(0, ending.length).equals(ending) ? 0 : this.#endBefore(ending);
      if (end !== null) {
        if (end > 0) yield this.#take(end);
        this.#take(ending.length);
        return;
      }
      yield this.#take(this.#rest.lastIndexOf(NEWLINE) + 1);
    }
  }

  /** Reads no more. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  /** Where the ending begins as a line of its own; null: not in what is there. */
  #endBefore(ending: Buffer): number | null {
    const at = this.#rest.indexOf(Buffer.concat([Buffer.from('\n'), ending]));
    return at === -1 ? null : at + 1;
  }

  async #find(byte: number): Promise<number> {
    let from = 0;
    for (;;) {
      const at = this.#rest.indexOf(byte, from);
      if (at !== -1) return at;
      from = this.#rest.length;
      const { done, value } = await this.#chunks.next();
      if (done) throw new TransferError(NOT_WHOLE);
      this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value]);
    }
  }

  #take(length: number): Buffer {
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }
}

/** How many lines end in these bytes. */
export function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) count += 1;
  return count;
}
