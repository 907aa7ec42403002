import { type DestinationStream, type Logger, pino } from 'pino';
import { loggedError } from './logged-error.ts';
import { currentScope } from './scope.ts';

/** Lines are written together, which saves half of what one costs, and soon. What is left is written when the process ends. */
const BUFFER_BYTES = 4096;
const FLUSH_INTERVAL_MS = 100;

/** The log of the process: JSON lines that say which request and turn they belong to, on standard error unless another destination is given. */
export function createLog(level: string, destination: DestinationStream = standardError()): Logger {
  return pino({ level, serializers: { err: loggedError }, mixin: nameWork }, destination);
}

/** Resolves once every line has been written, or cannot be: what is left for the exit of a process waits for ever for a reader that is gone. */
export function writeOut(log: Logger): Promise<void> {
  return new Promise((resolve) => log.flush(() => resolve()));
}

function nameWork(): object {
  const { requestId, turnId, trace } = currentScope();
  return { requestId, turnId, traceId: trace?.traceparent.slice(3, 35) };
}

function standardError(): DestinationStream {
  return pino.destination({ dest: 2, sync: false, minLength: BUFFER_BYTES, periodicFlush: FLUSH_INTERVAL_MS });
}
