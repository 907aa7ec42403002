import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';

/** A program that runs inside Redis, in one piece. */
export class Script {
  readonly #source: string;
  readonly #name: string;

  /** The script in a file beside this one. */
  constructor(file: string) {
    this.#source = readFileSync(join(import.meta.dirname, file), 'utf8');
    this.#name = createHash('sha1').update(this.#source).digest('hex');
  }

  /** Runs it by its name; a server that does not know it yet is sent the whole. */
  async run(redis: Redis, keys: string[], args: (string | number)[]): Promise<unknown> {
    try {
      return await redis.evalsha(this.#name, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return redis.eval(this.#source, keys.length, ...keys, ...args);
    }
  }
}
