import type { ResultOf } from 'gql.tada';
import { useState } from 'preact/hooks';
import { mutate } from '../api/request.ts';
import { usePages } from '../api/use-pages.ts';
import { Confirm } from '../parts/dialog.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { More } from '../parts/more.tsx';
import { Empty } from '../parts/notice.tsx';
import { Section } from '../parts/page.tsx';
import { href } from '../route.ts';
import { DELETE_WORKER, WORKERS } from './documents.ts';
import { AssistantDialog, WorkerDialog } from './worker-dialogs.tsx';

type Worker = ResultOf<typeof WORKERS>['workers']['edges'][number]['node'];

const ALL = {};
const listOf = ({ workers }: ResultOf<typeof WORKERS>) => workers;

export function Workers() {
  const pages = usePages(WORKERS, ALL, listOf);
  const [open, setOpen] = useState<{ what: 'new' } | { what: 'assistant' | 'delete'; worker: Worker } | null>(null);
  const close = () => setOpen(null);
  const actions = (
    <button type="button" class="primary" onClick={() => setOpen({ what: 'new' })}>
      New worker
    </button>
  );
  return (
    <Section title="Workers" actions={actions}>
      <p class="lead">A worker is a conversational application: one or more assistants behind channels.</p>
      <Loaded data={pages.items} error={pages.error} reload={pages.reload} lines={4}>
        {(workers) => (
          <>
            {workers.length === 0 && <Empty title="There are no workers yet." />}
            <ul class="cards">
              {workers.map((worker) => (
                <WorkerItem
                  key={worker.id}
                  worker={worker}
                  addAssistant={() => setOpen({ what: 'assistant', worker })}
                  remove={() => setOpen({ what: 'delete', worker })}
                />
              ))}
            </ul>
            <More pages={pages} />
          </>
        )}
      </Loaded>
      {open?.what === 'new' && <WorkerDialog saved={pages.reload} close={close} />}
      {open?.what === 'assistant' && <AssistantDialog worker={open.worker} close={close} />}
      {open?.what === 'delete' && (
        <Confirm
          title={`Delete ${open.worker.name}?`}
          confirm="Delete with its assistants"
          act={async () => {
            await mutate(DELETE_WORKER, { input: { id: open.worker.id } });
            pages.reload();
          }}
          close={close}
        >
          Its assistants go with it, and its channels are left without an answer. What was said stays.
        </Confirm>
      )}
    </Section>
  );
}

function WorkerItem({ worker, addAssistant, remove }: { worker: Worker; addAssistant(): void; remove(): void }) {
  const { name, description, timezone, defaultAssistant } = worker;
  const assistants = worker.assistants.edges.map(({ node }) => node);
  const channels = worker.channels.edges.map(({ node }) => node.name);
  if (worker.channels.pageInfo.hasNextPage) channels.push('more');
  return (
    <li class="card">
      <header class="panel-head">
        <h3>{name}</h3>
        <div class="actions">
          <button type="button" class="small" aria-label={`Add an assistant to ${name}`} onClick={addAssistant}>
            Add an assistant
          </button>
          <button type="button" class="small" aria-label={`Delete ${name}`} onClick={remove}>
            Delete
          </button>
        </div>
      </header>
      {description && <p>{description}</p>}
      <ul class="remarks">
        {assistants.map((assistant) => (
          <li key={assistant.id}>
            <a href={href(['assistants', assistant.id])}>{assistant.name}</a>
            {assistant.id === defaultAssistant?.id && ' answers by default'}
          </li>
        ))}
        {worker.assistants.pageInfo.hasNextPage && <li>and more</li>}
        {assistants.length === 0 && <li>It has no assistant yet, so nobody answers</li>}
        <li>{channels.length > 0 ? `On ${channels.join(', ')}` : 'On no channel'}</li>
        <li>Time zone {timezone ?? 'UTC'}</li>
      </ul>
    </li>
  );
}
