import type { Context } from '../context.ts';
import { getReply } from './operations.ts';
import type { EventReader } from './reader.ts';
import type { StreamEvent } from './stream-events.ts';

type Block = IteratorResult<string, undefined>;

/** A turn's reply in the blocks of the older API: tokens, then one `complete` or `error`, each with its cursor as id. */
export class ReplyBlocks {
  readonly #ctx: Context;
  readonly #turnId: string;
  readonly #reader: EventReader;
  /** Where the reader already is; told first, so that a client which is cut off before the first token can come back. */
  #first: string | null;
  /** How many characters of the reply the reader has. */
  #offset: number;
  /** How many characters of it the stream has come to: fewer, once it has been told from further back. */
  #at: number;
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
    this.#at = offset;
    this.#text = offset === 0 ? '' : null;
  }

  next(): Promise<Block> {
    const first = this.#first;
    this.#first = null;
    return first === null ? this.#reader.next().then(this.#toBlock) : Promise.resolve(block(`id: ${first}\n\n`));
  }

  return(): Promise<unknown> {
    return this.#reader.return();
  }

  /** What is told of an event, or of the next one of which anything is. */
  readonly #toBlock = ({ done, value: event }: IteratorResult<StreamEvent, undefined>): Block | Promise<Block> => {
    if (done) return { done, value: undefined };
    switch (event.type) {
      case 'TurnTokens':
        return this.#tokens(event.cursor, event.text);
      case 'StreamGap':
        this.#at = 0;
        return this.#tokens(event.cursor, event.text);
      case 'TurnStarted':
        this.#at = 0;
        return this.next();
      case 'TurnCompleted':
        return this.#complete(event.cursor);
      case 'TurnFailed':
        return toBlock(event.cursor, 'error', event.message);
      case 'TurnCancelled':
        return toBlock(event.cursor, 'error', 'The reply was cancelled.');
      default:
        return this.next();
    }
  };

  async #complete(cursor: string): Promise<Block> {
    return toBlock(cursor, 'complete', this.#text ?? (await getReply(this.#ctx, this.#turnId)).text);
  }

  /** The older API cannot take text back, only add what is missing. */
  #tokens(cursor: string, text: string): Block | Promise<Block> {
    const told = this.#offset - this.#at;
    this.#at += text.length;
    if (told >= text.length) return this.next();
    const missing = told > 0 ? text.slice(told) : text;
    this.#offset = this.#at;
    if (this.#text !== null) this.#text += missing;
    return toBlock(cursor, 'token', missing);
  }
}

function toBlock(cursor: string, type: 'token' | 'complete' | 'error', content: string): Block {
  return block(`id: ${cursor}\ndata: {"type":"${type}","content":${JSON.stringify(content)}}\n\n`);
}

function block(value: string): Block {
  return { done: false, value };
}
