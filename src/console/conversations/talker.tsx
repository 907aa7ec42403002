import type { ResultOf } from 'gql.tada';
import { calledBy } from '../identities/known.ts';
import { asWritten } from '../identities/memory-value.ts';
import { StagePill } from '../parts/stage-pill.tsx';
import { Time } from '../parts/time.tsx';
import { href } from '../route.ts';
import type { BEGINNING } from './documents.ts';

export type Talker = NonNullable<ResultOf<typeof BEGINNING>['identity']>;

const SHOWN = 12;

/** Whom one sees talking: where they are in the journey and what is known about them. */
export function TalkerPanel({ talker, summary }: { talker: Talker; summary?: string | null }) {
  const { id, stage, stageEnteredAt, memory } = talker;
  return (
    <aside class="talker" aria-label="Identity">
      <details open={matchMedia('(min-width: 60rem)').matches}>
        <summary>
          {calledBy(talker)} <StagePill stage={stage} />
        </summary>
        <dl class="facts">
          <div>
            <dt>In this stage since</dt>
            <dd>{stageEnteredAt ? <Time at={stageEnteredAt} /> : '–'}</dd>
          </div>
          {memory.slice(0, SHOWN).map(({ id: entry, key, value }) => (
            <div key={entry}>
              <dt class="memory-key">{key}</dt>
              <dd>{asWritten(value)}</dd>
            </div>
          ))}
        </dl>
        {memory.length === 0 && <p class="muted">Nothing is remembered yet.</p>}
        {memory.length > SHOWN && <p class="muted">and {memory.length - SHOWN} more</p>}
        {summary && (
          <details>
            <summary>What was said before, condensed</summary>
            <p class="text summary">{summary}</p>
          </details>
        )}
        <p>
          <a href={href(['identities', id])}>Open the profile</a>
        </p>
      </details>
    </aside>
  );
}
