import { TemplateError } from './template-error.ts';

/** Where in a template something stands: at the top, or in blocks that change what plain names mean. */
export interface Place {
  source: string;
  outer: Place | undefined;
  blockParams: string[];
  /** How many `{{#each}}` are around it. */
  loops: number;
}

/** What a place stands for while a template is rendered; there is one scope per place. */
export interface Scope {
  value: unknown;
  outer: Scope | undefined;
  loop: Loop | undefined;
  run: Run;
}

export interface Loop {
  key: string | number;
  index: number;
  first: boolean;
  last: boolean;
  outer: Loop | undefined;
}

const MAX_OUTPUT_LENGTH = 262_144;
const MAX_STEPS = 100_000;

/** One rendering: its output, and the bounds that a template of nested loops would break. */
export class Run {
  readonly root: unknown;
  readonly #source: string;
  #output = '';
  #steps = 0;

  constructor(source: string, root: unknown) {
    this.#source = source;
    this.root = root;
  }

  get output(): string {
    return this.#output;
  }

  /** Appends to the output; throws TemplateError, placed at the offset `at`, when it becomes too long. */
  write(text: string, at: number): void {
    this.step(at);
    this.#output += text;
    if (this.#output.length <= MAX_OUTPUT_LENGTH) return;
    throw this.#growsWithoutBound(`writes more than ${MAX_OUTPUT_LENGTH} characters`, at);
  }

  /** Counts work; throws TemplateError, placed at the offset `at`, when it becomes too much. */
  step(at: number, count = 1): void {
    this.#steps += count;
    if (this.#steps > MAX_STEPS) throw this.#growsWithoutBound(`takes more than ${MAX_STEPS} steps`, at);
  }

  #growsWithoutBound(how: string, at: number): TemplateError {
    return new TemplateError(`The template grows without bound with this data: it ${how}.`, this.#source, at);
  }
}
