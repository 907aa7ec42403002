import type { Turn } from '../generated/prisma/client.ts';
import type { TurnLogEvent, TurnOutcome } from './event-log.ts';

/** How a turn ended. */
export type EndedTurn = Pick<Turn, 'status' | 'errorCode' | 'errorMessage'>;

/** The final event of a turn that has ended. */
export function endEvent({ status, errorCode, errorMessage }: EndedTurn, outcome?: TurnOutcome): TurnLogEvent {
  if (status === 'COMPLETED') return { type: 'TurnCompleted', ...(outcome && { outcome }) };
  if (status === 'CANCELLED') return { type: 'TurnCancelled' };
  return { type: 'TurnFailed', code: errorCode ?? 'INTERNAL', message: errorMessage ?? '' };
}
