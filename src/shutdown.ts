import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';

/** Something that is closed when the process ends. */
export interface ShutdownStep {
  close(): Promise<unknown>;
  /** How long that may take, in milliseconds; undefined: as long as it takes. */
  patienceMs?: number;
}

/** Takes the steps one after the other; one that fails, or hangs because what it waits for is gone, does not keep the rest open. */
export async function shutDown(log: Logger, steps: ShutdownStep[]): Promise<void> {
  log.info('Stopping');
  for (const { close, patienceMs } of steps) {
    const closed = close().catch((error) => log.error({ err: error }, 'A step of the shutdown failed'));
    const late = patienceMs === undefined ? [] : [tooLate(patienceMs)];
    if ((await Promise.race([closed, ...late])) === TOO_LATE) log.error('A step of the shutdown took too long');
  }
}

const TOO_LATE = Symbol('too late');

function tooLate(afterMs: number): Promise<typeof TOO_LATE> {
  return pause(afterMs, TOO_LATE);
}
