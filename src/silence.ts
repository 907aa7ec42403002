/**
 * Calls back once nothing has been heard for so long, in milliseconds, and again after each further stretch. What is heard only
 * notes the time, because that happens with every token; a timer looks at it when it could be late enough.
 */
export class Silence {
  readonly #ms: number;
  readonly #over: () => void;
  #heardAt = performance.now();
  #timer: NodeJS.Timeout;

  constructor(ms: number, over: () => void) {
    this.#ms = ms;
    this.#over = over;
    this.#timer = setTimeout(this.#look, ms);
  }

  heard(): void {
    this.#heardAt = performance.now();
  }

  /** Ends it for good. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  readonly #look = () => {
    const left = this.#heardAt + this.#ms - performance.now();
    if (left <= 0) this.heard();
    // Before the callback, which may end it.
    this.#timer = setTimeout(this.#look, left > 0 ? left : this.#ms);
    if (left <= 0) this.#over();
  };
}
