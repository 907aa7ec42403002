/** What a checkpoint learns from the database. */
export interface CheckpointResult {
  /** Whether the turn is still this process's. */
  ours: boolean;
  /** Whether somebody asked to stop it. */
  cancelRequested: boolean;
}

export interface CheckpointOptions {
  /** Looked at so often, in milliseconds. */
  intervalMs: number;
  /** Stored at least so often, in milliseconds, also without new text. */
  renewalMs: number;
  /** What readers have been shown. */
  text(): string;
  store(text: string): Promise<CheckpointResult>;
  told(result: CheckpointResult): void;
  failed(error: unknown): void;
}

/** Stores the text of a running turn now and then, and renews its lease. */
export class Checkpoints {
  readonly #options: CheckpointOptions;
  readonly #timer: NodeJS.Timeout;
  #stored = { text: '', at: Date.now() };
  #storing = false;

  constructor(options: CheckpointOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#store(), options.intervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #store(): Promise<void> {
    const { renewalMs, store, told, failed } = this.#options;
    const text = this.#options.text();
    const due = text !== this.#stored.text || Date.now() - this.#stored.at >= renewalMs;
    if (this.#storing || !due) return;
    this.#storing = true;
    try {
      told(await store(text));
      this.#stored = { text, at: Date.now() };
    } catch (error) {
      failed(error);
    } finally {
      this.#storing = false;
    }
  }
}
