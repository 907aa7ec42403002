const begin = performance.now();

/** A line on standard error, so that standard output is the table alone. */
export function progress(line: string): void {
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  process.stderr.write(`${seconds.padStart(6)} s  ${line}\n`);
}
