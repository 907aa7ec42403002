import type { Context } from '../context.ts';
import { getReply } from './operations.ts';
import type { EventReader } from './reader.ts';
import type { StreamEvent } from './stream-events.ts';

/** A turn's reply in the blocks of the older API: tokens, then one `complete` or `error`, each with its cursor as id. */
export class ReplyBlocks {
  readonly #ctx: Context;
  readonly #turnId: string;
  readonly #reader: EventReader;
  /** Where the reader already is; told first, so that a client which is cut off before the first token can come back. */
  #first: string | null;
  /** How many characters of the reply the reader has. */
  #offset: number;
  /** The reply from its beginning; null when the reader came in the middle. */
  #text: string | null;

  constructor(
    ctx: Context,
    turnId: string,
    reader: EventReader,
    { after, offset }: { after: string | null; offset: number },
  ) {
    this.#ctx = ctx;
    this.#turnId = turnId;
    this.#reader = reader;
    this.#first = after;
    this.#offset = offset;
    this.#text = offset === 0 ? '' : null;
  }

  async next(): Promise<IteratorResult<string, unknown>> {
    if (this.#first !== null) {
      const block = `id: ${this.#first}\n\n`;
      this.#first = null;
      return { done: false, value: block };
    }
    for (;;) {
      const { done, value: event } = await this.#reader.next();
      if (done) return { done, value: undefined };
      const block = await this.#blockOf(event);
      if (block !== null) return { done: false, value: block };
    }
  }

  return(): Promise<unknown> {
    return this.#reader.return();
  }

  async #blockOf(event: StreamEvent): Promise<string | null> {
    switch (event.type) {
      case 'TurnTokens':
        return this.#tokens(event.cursor, event.text);
      case 'StreamGap':
        // The older API cannot take text back, only add what is missing.
        return event.text.length > this.#offset ? this.#tokens(event.cursor, event.text.slice(this.#offset)) : null;
      case 'TurnCompleted':
        return toBlock(event.cursor, 'complete', this.#text ?? (await getReply(this.#ctx, this.#turnId)).text);
      case 'TurnFailed':
        return toBlock(event.cursor, 'error', event.message);
      case 'TurnCancelled':
        return toBlock(event.cursor, 'error', 'The reply was cancelled.');
      default:
        return null;
    }
  }

  #tokens(cursor: string, text: string): string {
    this.#offset += text.length;
    if (this.#text !== null) this.#text += text;
    return toBlock(cursor, 'token', text);
  }
}

function toBlock(cursor: string, type: 'token' | 'complete' | 'error', content: string): string {
  return `id: ${cursor}\ndata: {"type":"${type}","content":${JSON.stringify(content)}}\n\n`;
}
