import { type DestinationStream, type Logger, pino } from 'pino';
import { loggedError } from './logged-error.ts';
import { currentScope } from './scope.ts';

/** The log of the process: JSON lines that say which request and turn they belong to, on standard error unless another destination is given. */
export function createLog(level: string, destination: DestinationStream = standardError()): Logger {
  return pino({ level, serializers: { err: loggedError }, mixin: nameWork }, destination);
}

function nameWork(): object {
  const { requestId, turnId, trace } = currentScope();
  return { requestId, turnId, traceId: trace?.traceparent.slice(3, 35) };
}

function standardError(): DestinationStream {
  return pino.destination({ dest: 2, sync: false });
}
