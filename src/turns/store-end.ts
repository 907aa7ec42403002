import type { Services } from '../context.ts';
import { endEvent } from './end-event.ts';
import type { TurnLogEvent, TurnOutcome } from './event-log.ts';
import { type ClaimedTurn, endTurn, type StoredEnd, type TurnEnd } from './storage.ts';

/** Stores how a turn ended, unless that has been done; null: the turn is no longer this process's, or no longer there. */
export async function storeEnd(
  { db, statements }: Pick<Services, 'db' | 'statements'>,
  turn: ClaimedTurn,
  end: TurnEnd,
): Promise<{ event: TurnLogEvent; more: boolean; revision: number | null } | null> {
  const ended = await endTurn(statements, turn, end);
  if (ended) return { event: endEvent(end, outcomeOf(end, ended)), more: ended.more, revision: ended.revision };
  const { workspaceId, id } = turn;
  const stored = await db.turn.findUnique({ where: { workspaceId_id: { workspaceId, id } } });
  // The answer to an earlier try was lost with its connection.
  return stored?.finishedAt && stored.attempt === turn.attempt
    ? { event: endEvent(stored), more: true, revision: null }
    : null;
}

function outcomeOf({ usage }: TurnEnd, { replyId, finishedAt, stageKey }: StoredEnd): TurnOutcome {
  return { replyId, finishedAt: finishedAt.toISOString(), stageKey, usage };
}
