import type { Budget, Row } from './rows.ts';

const HEADINGS = ['', 'measured', 'reference', 'compared', 'spread', 'budget', ''];

/** The rows as one table for a terminal. */
export function formatTable(rows: readonly Row[]): string {
  const lines = [HEADINGS, ...rows.map(cells)];
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const format = (line: string[]) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  return lines.map((line) => format(line).trimEnd()).join('\n');
}

function cells(row: Row): string[] {
  const { reference, unit, compared } = row;
  const sign = compared === 'ratio' ? ' ×' : ` ${unit}`;
  return [
    `${row.part}: ${row.name}`,
    `${figure(row.value)} ${unit}`.trimEnd(),
    reference ? `${reference.name} ${figure(reference.value)} ${unit}` : '–',
    compared === 'value'
      ? '–'
      : `${compared === 'difference' && row.median > 0 ? '+' : ''}${figure(row.median)}${sign}`,
    row.perRound.length > 1 ? `${figure(row.min)}–${figure(row.max)}` : '–',
    row.budget ? budgetOf(row.budget, sign) : '–',
    row.verdict ?? '',
  ];
}

function budgetOf({ limit, atLeast = false }: Budget, sign: string): string {
  return `${atLeast ? '≥' : '≤'} ${limit}${sign}`.trimEnd();
}

/** Three digits are more than the noise allows. */
function figure(value: number): string {
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString('en-US');
  return size >= 10 ? value.toFixed(1) : value.toFixed(2);
}
