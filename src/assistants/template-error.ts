/** A mistake in a template, in plain words; line and column count from 1, columns in UTF-16 units. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  readonly line: number;
  readonly column: number;

  constructor(message: string, source: string, offset: number) {
    super(message);
    const lines = source.slice(0, offset).split(/\r\n|\r|\n/);
    this.line = lines.length;
    this.column = (lines.at(-1)?.length ?? 0) + 1;
  }
}
