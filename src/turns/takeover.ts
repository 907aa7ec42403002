import type { Services } from '../context.ts';
import { endEvent } from './end-event.ts';
import {
  type AbandonedTurn,
  type ClaimedTurn,
  endTurn,
  listAbandonedTurns,
  requeueTurn,
  type TurnEnd,
} from './storage.ts';
import { countTokens } from './tokens.ts';

/** A turn that was begun so often and showed nothing is what ends the processes that run it. */
const MAX_ATTEMPTS = 3;

/** Ends the turns whose process is dead, or puts back into the queue those that have shown nothing. */
export async function takeOverAbandoned(services: Services, isAlive: (turn: ClaimedTurn) => boolean): Promise<void> {
  const { db, log } = services;
  for (const turn of await listAbandonedTurns(db)) {
    // Its lease has passed because the database was away; it will be renewed.
    if (isAlive(turn)) continue;
    try {
      if (turn.shown || turn.attempt >= MAX_ATTEMPTS) await endAbandoned(services, turn);
      else await requeueTurn(db, turn);
    } catch (error) {
      log.warn({ err: error, turnId: turn.id }, 'An abandoned turn could not be taken over; it will be tried again');
    }
  }
}

async function endAbandoned({ db, eventLog }: Services, turn: AbandonedTurn): Promise<void> {
  const end: TurnEnd = {
    ...(turn.cancelRequested ? CANCELLED : INTERRUPTED),
    text: turn.partialText || null,
    tokenCount: await countTokens(turn.partialText ?? ''),
    stageId: turn.stageId,
    usage: null,
    model: null,
  };
  if (!(await endTurn(db, turn, end))) return;
  eventLog.append(turn.conversationId, { ...endEvent(end), turnId: turn.id, turnNumber: turn.number });
}

const CANCELLED = { status: 'CANCELLED', errorCode: null, errorMessage: null } as const;
const INTERRUPTED = {
  status: 'FAILED',
  errorCode: 'INTERRUPTED',
  errorMessage: 'The server stopped before the reply was finished.',
} as const;
