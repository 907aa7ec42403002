/** What a reply needs to be shown. */
export interface ReplyOptions {
  /** Stores that text is about to be shown. False: the turn is no longer ours. */
  commit(): Promise<boolean>;
  /** Tells the readers of the next piece. */
  show(text: string): void;
  /** The reply cannot be shown; `reason` is `LOST` or an error. */
  fail(reason: unknown): void;
}

const NUL = /\0/g;

/** What the model says in a turn. Nothing is shown before it is stored that something will be: so a crash can tell. */
export class Reply {
  readonly #options: ReplyOptions;
  #text = '';
  /** Text that may not be shown yet. */
  #held: string[] | null = [];
  #beginning: Promise<void> | null = null;

  constructor(options: ReplyOptions) {
    this.#options = options;
  }

  /** All that was said so far. */
  get text(): string {
    return this.#text;
  }

  /** What readers may have seen of it. */
  get shownText(): string {
    return this.#held === null ? this.#text : '';
  }

  say(piece: string): void {
    // PostgreSQL cannot store it.
    const text = piece.includes('\0') ? piece.replace(NUL, '') : piece;
    if (text === '') return;
    this.#text += text;
    if (this.#held === null) {
      this.#options.show(text);
      return;
    }
    this.#held.push(text);
    this.#beginning ??= this.#begin();
  }

  /** Resolves once all that was said has been shown, or cannot be. */
  async shown(): Promise<void> {
    await this.#beginning;
  }

  async #begin(): Promise<void> {
    const { commit, show, fail } = this.#options;
    try {
      if (!(await commit())) return fail('LOST');
    } catch (error) {
      return fail(error);
    }
    const held = this.#held ?? [];
    this.#held = null;
    show(held.join(''));
  }
}
