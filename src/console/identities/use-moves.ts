import type { ResultOf } from 'gql.tada';
import { useEvents, useReconnected } from '../api/use-subscription.ts';
import { MOVES_OF } from './documents.ts';

const cursorOf = ({ stageTransitions }: ResultOf<typeof MOVES_OF>) => stageTransitions.cursor;

/** Calls `moved` whenever somebody or something has moved this identity to another stage, or may have while the line was broken. */
export function useMoves(identityId: string, moved: () => void): void {
  useEvents(MOVES_OF, { id: identityId }, cursorOf, moved);
  useReconnected(moved);
}
