import type { ResultOf } from 'gql.tada';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { useStages } from '../api/choices.ts';
import { usePages } from '../api/use-pages.ts';
import { Loaded } from '../parts/loaded.tsx';
import { More } from '../parts/more.tsx';
import { Empty } from '../parts/notice.tsx';
import { Page } from '../parts/page.tsx';
import { StagePill } from '../parts/stage-pill.tsx';
import { Time } from '../parts/time.tsx';
import { usePaused } from '../parts/use-paused.ts';
import { become, href, route } from '../route.ts';
import { IDENTITIES } from './documents.ts';
import { ProfileDialog } from './profile-dialog.tsx';

type Listed = ResultOf<typeof IDENTITIES>['identities']['edges'][number]['node'];
const listOf = ({ identities }: ResultOf<typeof IDENTITIES>) => identities;

export function IdentitiesPage() {
  const { search = '', stage = '' } = route.value.query;
  const [adding, setAdding] = useState(false);
  const asked = useMemo(() => ({ search: search || null, stage: stage ? { key: stage } : null }), [search, stage]);
  const pages = usePages(IDENTITIES, asked, listOf);
  const newIdentity = (
    <button type="button" class="primary" onClick={() => setAdding(true)}>
      New identity
    </button>
  );
  return (
    <Page title="Identities" lead="The users of your product, and where each of them is." actions={newIdentity}>
      <Filter search={search} stage={stage} />
      <Loaded data={pages.items} error={pages.error} reload={pages.reload} lines={10}>
        {(items) =>
          items.length > 0 ? (
            <>
              <IdentityTable items={items} />
              <More pages={pages} />
            </>
          ) : (
            <Empty title={search || stage ? 'Nobody like that.' : 'There are no identities yet.'}>
              {search || stage
                ? 'Search in names, external ids, mail addresses and phone numbers.'
                : 'Your product adds them, or you do.'}
            </Empty>
          )
        }
      </Loaded>
      {adding && <ProfileDialog close={() => setAdding(false)} />}
    </Page>
  );
}

function Filter({ search, stage }: { search: string; stage: string }) {
  const { data: stages = [] } = useStages();
  const [typed, setTyped] = useState(search);
  const written = usePaused(typed.trim());
  useEffect(() => become(['identities'], { search: written, stage }), [written, stage]);
  return (
    <search class="filter">
      <label class="grow">
        <span class="unseen">Search</span>
        <input
          type="search"
          placeholder="Search by name, external id, mail or phone"
          maxLength={200}
          value={typed}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        />
      </label>
      <label>
        <span class="unseen">Stage</span>
        <select
          value={stage}
          onChange={({ currentTarget }) => become(['identities'], { search: typed.trim(), stage: currentTarget.value })}
        >
          <option value="">Every stage</option>
          {stages.map(({ key, name }) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </search>
  );
}

function IdentityTable({ items }: { items: readonly Listed[] }) {
  return (
    <table class="list">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Stage</th>
          <th scope="col">There since</th>
          <th scope="col">Contact</th>
          <th scope="col">Known since</th>
        </tr>
      </thead>
      <tbody>
        {items.map(({ id, name, externalId, stage, stageEnteredAt, email, phone, createdAt }) => (
          <tr key={id}>
            <th scope="row">
              <a href={href(['identities', id])}>{name ?? externalId ?? id}</a>
              {name && externalId && <span class="under">{externalId}</span>}
            </th>
            <td>
              <StagePill stage={stage} />
            </td>
            <td data-label="There since">{stageEnteredAt ? <Time at={stageEnteredAt} /> : '–'}</td>
            <td data-label="Contact">{email ?? phone ?? '–'}</td>
            <td data-label="Known since">
              <Time at={createdAt} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
