/** What one check has found. */
export interface Finding {
  /** What was looked at. */
  what: string;
  /** How it is, in a few words. */
  found: string;
  /** What to do about it; null: nothing, it is well. */
  hint: string | null;
}

export function well(what: string, found: string): Finding {
  return { what, found, hint: null };
}

export function wrong(what: string, found: string, hint: string): Finding {
  return { what, found, hint };
}

/** A finding as a line, with the hint below it. */
export function lineOf({ what, found, hint }: Finding): string {
  const line = `  ${hint === null ? 'ok  ' : 'FAIL'}  ${what.padEnd(16)}${found}`;
  return hint === null ? line : `${line}\n${' '.repeat(24)}${hint}`;
}
