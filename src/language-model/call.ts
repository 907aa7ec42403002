import { Silence } from '../silence.ts';

/** How long an endpoint may be silent, in milliseconds. */
export interface Patience {
  /** Until the first byte of the answer. */
  firstTokenTimeoutMs: number;
  /** Between two pieces of it. */
  idleTimeoutMs: number;
}

// The end of the body is normally there already; a longer wait would hold back the result.
const LAST_BYTES_TIMEOUT_MS = 100;

/** One request to an endpoint: its signal aborts when the caller's does, or when the endpoint is silent for too long. */
export class Call {
  /** How long the silence was that ended it, if one did. */
  silentMs: number | undefined;
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal;
  readonly #patience: Patience;
  #silence: Silence;
  #heard = false;

  constructor(caller: AbortSignal, patience: Patience) {
    this.#caller = caller;
    this.#patience = patience;
    this.#silence = this.#wait(patience.firstTokenTimeoutMs);
    caller.addEventListener('abort', this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something arrived: the silence is counted anew. */
  heard(): void {
    if (this.#heard) this.#silence.heard();
    else this.#waitAnew(this.#patience.idleTimeoutMs);
    this.#heard = true;
  }

  /** Nothing but the end of the body is missing. */
  expectEnd(): void {
    this.#waitAnew(LAST_BYTES_TIMEOUT_MS);
  }

  /** Releases timer and listener; closes the connection unless the body was read to its end. */
  close(ended: boolean): void {
    this.#silence.stop();
    this.#caller.removeEventListener('abort', this.#abort);
    if (!ended) this.#controller.abort();
  }

  readonly #abort = () => this.#controller.abort(this.#caller.reason);

  #waitAnew(timeoutMs: number): void {
    this.#silence.stop();
    this.#silence = this.#wait(timeoutMs);
  }

  #wait(timeoutMs: number): Silence {
    const silence = new Silence(timeoutMs, () => {
      silence.stop();
      this.silentMs = timeoutMs;
      this.#controller.abort();
    });
    return silence;
  }
}
