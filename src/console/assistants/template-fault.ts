import type { RequestError } from '../api/request.ts';

/** A mistake in a template; line and column count from 1. */
export interface TemplateFault {
  line: number;
  column: number;
  message: string;
}

/** The mistake in the instructions that an error tells of; null when it is about something else. */
export function templateFault(error: RequestError | undefined): TemplateFault | null {
  const issue = error?.issues.find(({ path }) => path === 'instructions');
  const [, line, column, message = ''] = /^line (\d+), column (\d+): (.*)$/s.exec(issue?.message ?? '') ?? [];
  return line && column ? { line: Number(line), column: Number(column), message } : null;
}

/** Where in the text the mistake begins and the word it begins with ends. */
export function rangeOf({ line, column }: TemplateFault, text: string): [start: number, end: number] {
  const before = text.split(/\r\n|\r|\n/).slice(0, line - 1);
  const start = Math.min(before.reduce((sum, { length }) => sum + length + 1, 0) + column - 1, text.length);
  const word = /^(?:\{\{[^\s}]*|[^\s{}]+|.)/.exec(text.slice(start))?.[0] ?? '';
  return [start, start + Math.max(1, word.length)];
}
