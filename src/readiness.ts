import { setTimeout as pause } from 'node:timers/promises';

/** Something without which requests cannot be answered. */
export interface Need {
  /** What operators call it. */
  name: string;
  /** What is missing of it. One that fails, or takes too long, is missing itself. */
  listMissing(): Promise<string[]>;
}

/** How long a need is waited for. */
const PATIENCE_MS = 2000;
/** For how long an answer is given again: whoever asks often costs nothing. */
const MEMORY_MS = 500;

/** Whether the process can take requests. */
export class Readiness {
  readonly #needs: Need[];
  #answer: { missing: Promise<string[]>; until: number } | null = null;
  #stopping = false;

  constructor(needs: Need[]) {
    this.#needs = needs;
  }

  /** From now on nothing new is to come: balancers look elsewhere. */
  beginToStop(): void {
    this.#stopping = true;
  }

  /** The names of what is missing; none: requests are welcome. */
  async listMissing(): Promise<string[]> {
    if (this.#stopping) return ['stopping'];
    if (!this.#answer || Date.now() > this.#answer.until) {
      this.#answer = { missing: this.#ask(), until: Date.now() + MEMORY_MS };
    }
    return this.#answer.missing;
  }

  async #ask(): Promise<string[]> {
    return (await Promise.all(this.#needs.map(listMissing))).flat();
  }
}

async function listMissing(need: Need): Promise<string[]> {
  const answered = new AbortController();
  const tooLate = pause(PATIENCE_MS, [need.name], { signal: answered.signal });
  tooLate.catch(() => undefined);
  try {
    return await Promise.race([need.listMissing(), tooLate]);
  } catch {
    return [need.name];
  } finally {
    answered.abort();
  }
}
