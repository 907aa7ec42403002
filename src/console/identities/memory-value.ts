/** A remembered value as one would write it: text as it is, unless it would be read as something else. */
export function asWritten(value: unknown): string {
  if (typeof value === 'string' && readValue(value) === value) return value;
  return JSON.stringify(value);
}

/** What somebody wrote, as a value: JSON when it is JSON, otherwise the text itself. */
export function readValue(written: string): unknown {
  try {
    return JSON.parse(written);
  } catch {
    return written;
  }
}
