import { useChannels } from '../api/choices.ts';
import { Empty } from '../parts/notice.tsx';
import { Section } from '../parts/page.tsx';
import { Time } from '../parts/time.tsx';
import { go, href } from '../route.ts';
import type { Known } from './known.ts';

/** What somebody talked about, channel by channel, and where to begin. */
export function IdentityConversations({ identity }: { identity: Known }) {
  const conversations = identity.conversations.edges.map(({ node }) => node);
  return (
    <Section title="Conversations">
      {conversations.length === 0 && <Empty title="Nothing was said yet." />}
      <ul class="rows">
        {conversations.map(({ id, channel, lastMessageAt, activeTurn, messages }) => (
          <li key={id}>
            <a href={href(['conversations', id])}>{channel.name}</a>
            <p class="excerpt">{messages.edges[0]?.node.text}</p>
            <p class="muted">{activeTurn ? 'is being answered' : <Time at={lastMessageAt} />}</p>
          </li>
        ))}
      </ul>
      <Begin identity={identity} begun={conversations.map(({ channel }) => channel.key)} />
    </Section>
  );
}

function Begin({ identity, begun }: { identity: Known; begun: readonly string[] }) {
  const { data: channels = [] } = useChannels();
  const free = channels.filter(({ key, active, worker }) => active && worker && !begun.includes(key));
  if (free.length === 0) return null;
  const begin = (event: SubmitEvent) => {
    event.preventDefault();
    go(['identities', identity.id, String(new FormData(event.currentTarget as HTMLFormElement).get('channel'))]);
  };
  return (
    <form class="inline-form" onSubmit={begin}>
      <label>
        <span class="unseen">Channel</span>
        <select name="channel">
          {free.map(({ key, name }) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <button type="submit">Begin a conversation</button>
    </form>
  );
}
