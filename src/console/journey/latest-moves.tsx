import { useState } from 'preact/hooks';
import { useEvents } from '../api/use-subscription.ts';
import { Empty } from '../parts/notice.tsx';
import { Time } from '../parts/time.tsx';
import { Way } from '../parts/way.tsx';
import { href } from '../route.ts';
import type { Move } from './counts.ts';
import { MOVES } from './documents.ts';

const KEPT = 12;

const cursorOf = ({ stageTransitions }: { stageTransitions: Move }) => stageTransitions.cursor;
const CAUSES = { API: '', ASSISTANT: 'by an assistant', RULE: 'by a rule' };

/** The moves since the page was opened, as they happen. */
export function LatestMoves() {
  const [moves, setMoves] = useState<Move[]>([]);
  useEvents(MOVES, {}, cursorOf, ({ stageTransitions }) =>
    setMoves((known) => [stageTransitions, ...known].slice(0, KEPT)),
  );
  if (moves.length === 0)
    return <Empty title="Nobody has moved since you opened this page.">Moves appear here as they happen.</Empty>;
  return (
    <ol class="moves">
      {moves.map(({ id, identity, fromStage, toStage, cause, createdAt }) => (
        <li key={id}>
          <a href={href(['identities', identity.id])}>{identity.name ?? identity.externalId ?? identity.id}</a>
          <Way from={fromStage} to={toStage} />
          <span class="muted">
            {CAUSES[cause]} <Time at={createdAt} />
          </span>
        </li>
      ))}
    </ol>
  );
}
