import type { Services } from '../context.ts';
import { type AbandonedTurn, listAbandonedTurns, requeueTurn } from './abandoned.ts';
import { endEvent } from './end-event.ts';
import { type ClaimedTurn, endTurn, type TurnEnd } from './storage.ts';
import { countTokens } from './tokens.ts';
import { recordTakenOver } from './turn-record.ts';

/** A turn that was begun so often and showed nothing is what ends the processes that run it. */
const MAX_ATTEMPTS = 3;

/** Ends the turns whose process is dead, or puts back into the queue those that have shown nothing. */
export async function takeOverAbandoned(services: Services, isAlive: (turn: ClaimedTurn) => boolean): Promise<void> {
  const { db, log, eventLog } = services;
  for (const turn of await listAbandonedTurns(db)) {
    // Its lease has passed because the database was away; it will be renewed.
    if (isAlive(turn)) continue;
    try {
      // First of all, so that its process, should it wake up again, adds nothing to what is stored here.
      const shownText = await eventLog.takeOver(turn.conversationId, turn);
      if (turn.shown || turn.attempt >= MAX_ATTEMPTS) await endAbandoned(services, turn, shownText);
      else await requeueTurn(db, turn);
    } catch (error) {
      log.warn({ err: error, turnId: turn.id }, 'An abandoned turn could not be taken over; it will be tried again');
    }
  }
}

/** `shownText` is what the log has of it; null: the log does not know. */
async function endAbandoned(services: Services, turn: AbandonedTurn, shownText: string | null): Promise<void> {
  const { statements, eventLog } = services;
  // The log may have more than the last checkpoint: what readers have seen is what is kept.
  const storedText = turn.partialText ?? '';
  const text = shownText?.startsWith(storedText) ? shownText : storedText;
  const end: TurnEnd = {
    ...(turn.cancelRequested ? CANCELLED : INTERRUPTED),
    text: text || null,
    tokenCount: await countTokens(text),
    stageId: turn.stageId,
    usage: null,
    model: null,
  };
  if (!(await endTurn(statements, turn, end))) return;
  recordTakenOver(services, turn, end);
  // Its process may have died before it could tell of it, or of all that it had stored: then readers find a gap.
  if (text === shownText) eventLog.announce(turn.conversationId, turn);
  else eventLog.forget(turn.conversationId);
  eventLog.append(turn.conversationId, { ...endEvent(end), turnId: turn.id, turnNumber: turn.number });
}

const CANCELLED = { status: 'CANCELLED', errorCode: null, errorMessage: null } as const;
const INTERRUPTED = {
  status: 'FAILED',
  errorCode: 'INTERRUPTED',
  errorMessage: 'The server stopped before the reply was finished.',
} as const;
