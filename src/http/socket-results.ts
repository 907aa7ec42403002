import type { ExecutionResult } from 'graphql';

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

export interface SocketResultsHooks {
  /** An event cannot be told. Tells whether that has been seen to. */
  unavailable(error: unknown): boolean;
  /** Nothing follows; may be called more than once. */
  ended(): void;
}

/**
 * The results of a subscription for a socket. An error message would end the subscription for good, so that a client
 * whose events cannot be told for the moment is given none: `unavailable` is called, and its socket closed there.
 */
export class SocketResults implements AsyncIterableIterator<ExecutionResult> {
  readonly #results: AsyncIterator<ExecutionResult>;
  readonly #hooks: SocketResultsHooks;
  readonly #left = Promise.withResolvers<IteratorReturnResult<undefined>>();

  constructor(results: AsyncIterable<ExecutionResult>, hooks: SocketResultsHooks) {
    this.#results = results[Symbol.asyncIterator]();
    this.#hooks = hooks;
  }

  async next(): Promise<IteratorResult<ExecutionResult, undefined>> {
    try {
      const { done, value } = await this.#results.next();
      // Told without its data, the event would be lost for good: its cursor too.
      if (value?.errors?.some((error: unknown) => this.#hooks.unavailable(error))) return this.#left.promise;
      if (!done) return { done: false, value };
      this.#hooks.ended();
      return DONE;
    } catch (error) {
      if (this.#hooks.unavailable(error)) return this.#left.promise;
      this.#hooks.ended();
      throw error;
    }
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#left.resolve(DONE);
    this.#hooks.ended();
    await this.#results.return?.();
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
