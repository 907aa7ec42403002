import type { ExecutionResult } from 'graphql';

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * The results of a subscription for a socket. An error message would end the subscription for good, so that a client
 * whose events cannot be told for the moment is given none: `unavailable` is called, and its socket closed there.
 */
export class SocketResults implements AsyncIterableIterator<ExecutionResult> {
  readonly #results: AsyncIterator<ExecutionResult>;
  readonly #unavailable: (error: unknown) => boolean;
  readonly #left = Promise.withResolvers<IteratorReturnResult<undefined>>();

  /** `unavailable` tells whether it has seen to the error. */
  constructor(results: AsyncIterable<ExecutionResult>, unavailable: (error: unknown) => boolean) {
    this.#results = results[Symbol.asyncIterator]();
    this.#unavailable = unavailable;
  }

  async next(): Promise<IteratorResult<ExecutionResult, undefined>> {
    try {
      const { done, value } = await this.#results.next();
      return done ? DONE : { done: false, value };
    } catch (error) {
      if (!this.#unavailable(error)) throw error;
      return this.#left.promise;
    }
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#left.resolve(DONE);
    await this.#results.return?.();
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
