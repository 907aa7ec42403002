import type { Logger } from 'pino';
import { createLog } from '../../src/telemetry/log.ts';

// biome-ignore lint/suspicious/noExplicitAny: lines are read by tests, which know their shape
type Line = any;

/** A log that keeps what is written to it. */
export interface KeptLog {
  log: Logger;
  lines: Line[];
  /** The lines with this message whose members are these. */
  of(message: string, members?: object): Line[];
}

export function keepLog(level = 'trace'): KeptLog {
  const lines: Line[] = [];
  const log = createLog(level, { write: (line) => void lines.push(JSON.parse(line)) });
  return {
    log,
    lines,
    of: (message, members = {}) =>
      lines.filter(
        (line) => line.msg === message && Object.entries(members).every(([name, value]) => line[name] === value),
      ),
  };
}
