import { useState } from 'preact/hooks';
import { mutate } from '../api/request.ts';
import { Confirm } from '../parts/dialog.tsx';
import { Empty } from '../parts/notice.tsx';
import { Section } from '../parts/page.tsx';
import { Time } from '../parts/time.tsx';
import { href } from '../route.ts';
import { FORGET } from './documents.ts';
import type { Known } from './known.ts';
import { MemoryDialog } from './memory-dialog.tsx';
import { asWritten } from './memory-value.ts';

type Entry = Known['memory'][number];

export interface MemoryProps {
  identity: Known;
  changed(): void;
}

/** What is known about somebody, over all channels: added, corrected and forgotten here. */
export function Memory({ identity: { id, memory }, changed }: MemoryProps) {
  const [open, setOpen] = useState<{ what: 'add' } | { what: 'correct' | 'forget'; entry: Entry } | null>(null);
  const close = () => setOpen(null);
  const add = (
    <button type="button" class="small" onClick={() => setOpen({ what: 'add' })}>
      Add
    </button>
  );
  return (
    <Section title="Memory" actions={add}>
      {memory.length === 0 && (
        <Empty title="Nothing is remembered yet.">Assistants remember what they are told; you can add to it.</Empty>
      )}
      <ul class="memory">
        {memory.map((entry) => (
          <li key={entry.id}>
            <MemoryEntry
              entry={entry}
              correct={() => setOpen({ what: 'correct', entry })}
              forget={() => setOpen({ what: 'forget', entry })}
            />
          </li>
        ))}
      </ul>
      {open?.what === 'forget' && (
        <Confirm
          title={`Forget ${open.entry.key}?`}
          confirm="Forget"
          act={async () => {
            await mutate(FORGET, { input: { identity: { id }, key: open.entry.key } });
            changed();
          }}
          close={close}
        >
          The next reply will not know it any more.
        </Confirm>
      )}
      {open && open.what !== 'forget' && (
        <MemoryDialog identityId={id} {...('entry' in open && { entry: open.entry })} saved={changed} close={close} />
      )}
    </Section>
  );
}

interface MemoryEntryProps {
  entry: Entry;
  correct(): void;
  forget(): void;
}

function MemoryEntry({
  entry: { key, value, source, confidence, updatedAt, message },
  correct,
  forget,
}: MemoryEntryProps) {
  return (
    <>
      <div>
        <p class="memory-key">{key}</p>
        <p class="memory-value">{asWritten(value)}</p>
        <p class="muted">
          {message ? <a href={href(['conversations', message.conversation.id])}>{source ?? 'conversation'}</a> : source}
          {confidence !== null && `, ${Math.round(confidence * 100)} % sure`}, <Time at={updatedAt} />
        </p>
      </div>
      <div class="actions">
        <button type="button" class="small" aria-label={`Correct ${key}`} onClick={correct}>
          Correct
        </button>
        <button type="button" class="small" aria-label={`Forget ${key}`} onClick={forget}>
          Forget
        </button>
      </div>
    </>
  );
}
