import { useEffect, useRef } from 'preact/hooks';
import { useQuery } from '../api/use-query.ts';
import { calledBy } from '../identities/known.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Empty } from '../parts/notice.tsx';
import { Page } from '../parts/page.tsx';
import { become, href } from '../route.ts';
import { Chat } from './chat.tsx';
import { Composer } from './composer.tsx';
import { BEGINNING } from './documents.ts';
import { TalkerPanel } from './talker.tsx';
import { EMPTY } from './transcript.ts';
import { useSending } from './use-sending.ts';

const NOTHING = () => {};

/** Where a conversation begins: it comes into being with the first message, and from then on has a page of its own. */
export function NewConversationPage({ identityId, channelKey }: { identityId: string; channelKey: string }) {
  const { data, error, reload } = useQuery(BEGINNING, { identityId, channelKey });
  const shown = useRef(true);
  useEffect(
    () => () => {
      shown.current = false;
    },
    [],
  );
  // Whoever has gone elsewhere meanwhile stays there.
  const { sending, send, deliver, discard } = useSending(
    { identityId, channelKey },
    (id) => shown.current && become(['conversations', id], { begun: 'here' }),
  );
  const begun = data?.conversations.edges[0]?.node.id;
  useEffect(() => {
    if (begun) become(['conversations', begun]);
  }, [begun]);
  return (
    <Page
      key={data ? 'known' : 'loading'}
      title={data?.identity ? calledBy(data.identity) : 'Conversation'}
      lead={data?.channel && `over ${data.channel.name}`}
      back={{ href: href(['identities', identityId]), to: data?.identity ? calledBy(data.identity) : 'Identity' }}
    >
      <Loaded data={begun ? undefined : data} error={error} reload={reload} lines={10}>
        {({ identity, channel }) =>
          identity && channel ? (
            <div class="talk">
              <section class="talk-main" aria-label="Chat">
                <Chat
                  transcript={EMPTY}
                  unsent={sending}
                  hasEarlier={false}
                  readEarlier={NOTHING}
                  inspect={NOTHING}
                  withdraw={NOTHING}
                  again={(message) => void deliver(message)}
                  discard={discard}
                />
                <Composer
                  name={calledBy(identity)}
                  closed={channel.active ? undefined : 'This channel takes no messages at present.'}
                  send={send}
                />
              </section>
              <TalkerPanel talker={identity} />
            </div>
          ) : (
            <Empty title="There is no such identity or channel." />
          )
        }
      </Loaded>
    </Page>
  );
}
