import type { ResultOf } from 'gql.tada';
import { useMemo } from 'preact/hooks';
import { useChannels } from '../api/choices.ts';
import { usePages } from '../api/use-pages.ts';
import { calledBy } from '../identities/known.ts';
import { Loaded } from '../parts/loaded.tsx';
import { More } from '../parts/more.tsx';
import { Empty } from '../parts/notice.tsx';
import { Page } from '../parts/page.tsx';
import { StagePill } from '../parts/stage-pill.tsx';
import { Time } from '../parts/time.tsx';
import { become, href, route } from '../route.ts';
import { CONVERSATIONS } from './documents.ts';

const listOf = ({ conversations }: ResultOf<typeof CONVERSATIONS>) => conversations;

export function ConversationsPage() {
  const { channel = '' } = route.value.query;
  const asked = useMemo(() => ({ channel: channel ? { key: channel } : null }), [channel]);
  const pages = usePages(CONVERSATIONS, asked, listOf);
  return (
    <Page title="Conversations" lead="The latest first." actions={<Choices value={channel} reload={pages.reload} />}>
      <Loaded data={pages.items} error={pages.error} reload={pages.reload} lines={10}>
        {(items) =>
          items.length > 0 ? (
            <>
              <table class="list">
                <thead>
                  <tr>
                    <th scope="col">Identity</th>
                    <th scope="col">Stage</th>
                    <th scope="col">Channel</th>
                    <th scope="col">Last said</th>
                    <th scope="col">When</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map(({ id, identity, channel: over, messages, lastMessageAt, activeTurn }) => (
                    <tr key={id}>
                      <th scope="row">
                        <a href={href(['conversations', id])}>{calledBy(identity)}</a>
                        {identity.name && identity.externalId && <span class="under">{identity.externalId}</span>}
                      </th>
                      <td>
                        <StagePill stage={identity.stage} />
                      </td>
                      <td data-label="Channel">{over.name}</td>
                      <td class="excerpt">{messages.edges[0]?.node.text}</td>
                      <td data-label="When">{activeTurn ? 'is being answered' : <Time at={lastMessageAt} />}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
              <More pages={pages} />
            </>
          ) : (
            <Empty title="Nobody has talked yet.">
              Begin with <a href={href(['identities'])}>an identity</a>, or from your product.
            </Empty>
          )
        }
      </Loaded>
    </Page>
  );
}

function Choices({ value, reload }: { value: string; reload(): void }) {
  const { data: channels = [] } = useChannels();
  return (
    <>
      <button type="button" onClick={reload}>
        Refresh
      </button>
      <label>
        <span class="unseen">Channel</span>
        <select
          value={value}
          onChange={({ currentTarget }) => become(['conversations'], { channel: currentTarget.value })}
        >
          <option value="">All channels</option>
          {channels.map(({ key, name }) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}
