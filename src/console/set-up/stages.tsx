import type { ResultOf } from 'gql.tada';
import { useMemo, useState } from 'preact/hooks';
import { mutate } from '../api/request.ts';
import { usePages } from '../api/use-pages.ts';
import { Confirm } from '../parts/dialog.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { More } from '../parts/more.tsx';
import { Empty } from '../parts/notice.tsx';
import { Section } from '../parts/page.tsx';
import { StagePill } from '../parts/stage-pill.tsx';
import { span } from '../parts/time.tsx';
import { ARCHIVE_STAGE, STAGES } from './documents.ts';
import { StageDialog } from './stage-dialog.tsx';

export type Stage = ResultOf<typeof STAGES>['stages']['edges'][number]['node'];
export type Effect = Stage['effects'][number];

const listOf = ({ stages }: ResultOf<typeof STAGES>) => stages;

export function Stages() {
  const [archived, setArchived] = useState(false);
  const pages = usePages(
    STAGES,
    useMemo(() => ({ archived }), [archived]),
    listOf,
  );
  const [open, setOpen] = useState<{ what: 'new' } | { what: 'change' | 'archive'; stage: Stage } | null>(null);
  const close = () => setOpen(null);
  const actions = (
    <>
      <label class="toggle">
        <input type="checkbox" checked={archived} onChange={() => setArchived(!archived)} /> Archived too
      </label>
      <button type="button" class="primary" onClick={() => setOpen({ what: 'new' })}>
        New stage
      </button>
    </>
  );
  return (
    <Section title="Stages" actions={actions}>
      <p class="lead">The phases of the journey, in its order. What happens on entering one is part of it.</p>
      <Loaded data={pages.items} error={pages.error} reload={pages.reload} lines={6}>
        {(stages) => (
          <>
            {stages.length === 0 && <Empty title="There are no stages yet." />}
            <ul class="cards">
              {stages.map((stage) => (
                <StageItem
                  key={stage.id}
                  stage={stage}
                  change={() => setOpen({ what: 'change', stage })}
                  archive={() => setOpen({ what: 'archive', stage })}
                />
              ))}
            </ul>
            <More pages={pages} />
          </>
        )}
      </Loaded>
      {open?.what === 'new' && <StageDialog saved={pages.reload} close={close} />}
      {open?.what === 'change' && <StageDialog stage={open.stage} saved={pages.reload} close={close} />}
      {open?.what === 'archive' && (
        <Confirm
          title={`Archive ${open.stage.name}?`}
          confirm="Archive"
          act={async () => {
            await mutate(ARCHIVE_STAGE, { input: { stage: { id: open.stage.id } } });
            pages.reload();
          }}
          close={close}
        >
          Nobody can be moved into it any more; those who are in it stay.
        </Confirm>
      )}
    </Section>
  );
}

function StageItem({ stage, change, archive }: { stage: Stage; change(): void; archive(): void }) {
  const { key, name, description, assistant, allowedNext, effects, archivedAt } = stage;
  return (
    <li class="card">
      <header class="panel-head">
        <h3>
          <StagePill stage={stage} /> <code>{key}</code> {archivedAt && <span class="badge">archived</span>}
        </h3>
        <div class="actions">
          <button type="button" class="small" aria-label={`Change ${name}`} onClick={change}>
            Change
          </button>
          {!archivedAt && (
            <button type="button" class="small" aria-label={`Archive ${name}`} onClick={archive}>
              Archive
            </button>
          )}
        </div>
      </header>
      {description && <p>{description}</p>}
      <ul class="remarks">
        {assistant && <li>{assistant.name} answers</li>}
        {allowedNext && <li>{followers(allowedNext)}</li>}
        {effects.map((effect, place) => (
          <li key={place}>{wordsFor(effect)}</li>
        ))}
      </ul>
    </li>
  );
}

function followers(allowed: readonly { name: string }[]): string {
  return allowed.length === 0
    ? 'The end: nothing follows'
    : `Followed by ${allowed.map(({ name }) => name).join(', ')} only`;
}

function wordsFor(effect: Effect): string {
  switch (effect.__typename) {
    case 'OpeningMessage':
      return `Opens on ${effect.channel.name}: “${effect.text}”`;
    case 'MoveAfter':
      return `After ${span(effect.seconds)} of silence, on to ${effect.stage.name}`;
    case 'Webhook':
      return `Tells ${effect.url}${effect.secretSet ? ', signed' : ''}`;
  }
}
