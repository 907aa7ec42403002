import type { ResultOf } from 'gql.tada';
import { connection, retryNow } from '../api/live.ts';
import { mutate } from '../api/request.ts';
import { useAction, useQuery } from '../api/use-query.ts';
import { calledBy } from '../identities/known.ts';
import { useMoves } from '../identities/use-moves.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Empty, Notice } from '../parts/notice.tsx';
import { Page } from '../parts/page.tsx';
import { become, href, route } from '../route.ts';
import { Chat } from './chat.tsx';
import { Composer } from './composer.tsx';
import { CANCEL, CONVERSATION } from './documents.ts';
import { TalkerPanel } from './talker.tsx';
import { type ConversationEvent, openTurns } from './transcript.ts';
import { TurnSheet } from './turn-sheet.tsx';
import { notToldYet, useSending } from './use-sending.ts';
import { useTranscript } from './use-transcript.ts';

const BACK = { href: href(['conversations']), to: 'Conversations' };
/** What happens in a conversation and changes what is remembered of the identity. */
const CHANGES: ReadonlySet<ConversationEvent['__typename']> = new Set(['MemoryRemembered', 'TurnToolCalled']);

type Conversation = NonNullable<ResultOf<typeof CONVERSATION>['conversation']>;

export function ConversationPage({ id }: { id: string }) {
  const { data, error, reload } = useQuery(CONVERSATION, { id });
  const conversation = data?.conversation;
  if (conversation === null) {
    return (
      <Page title="Conversation" back={BACK}>
        <Empty title="There is no such conversation.">It may have been erased with its identity.</Empty>
      </Page>
    );
  }
  return (
    <Page
      key={conversation ? 'known' : 'loading'}
      title={conversation ? calledBy(conversation.identity) : 'Conversation'}
      lead={conversation && `over ${conversation.channel.name}`}
      back={BACK}
    >
      <Loaded data={conversation} error={error} reload={reload} lines={10}>
        {(known) => <Talk conversation={known} changed={reload} />}
      </Loaded>
    </Page>
  );
}

function Talk({ conversation, changed }: { conversation: Conversation; changed(): void }) {
  const { id, identity, channel, summary } = conversation;
  const live = useTranscript(id, ({ __typename }) => CHANGES.has(__typename) && changed());
  useMoves(identity.id, changed);
  const { transcript, loaded, error, reload, hasEarlier, readEarlier } = live;
  const { sending, send, deliver, discard } = useSending(
    { identityId: identity.id, channelKey: channel.key },
    () => {},
  );
  const cancel = useAction((turnId: string) => mutate(CANCEL, { input: { turnId } }));
  const [running] = openTurns(transcript);
  const { turn } = route.value.query;
  const inspect = (turnId?: string) => become(['conversations', id], { turn: turnId });
  return (
    <div class="talk">
      <section class="talk-main" aria-label="Chat">
        <Loaded data={loaded ? transcript : undefined} error={error} reload={reload} lines={8}>
          {() => (
            <Chat
              {...{ transcript, hasEarlier, readEarlier, inspect, discard }}
              unsent={notToldYet(sending, transcript)}
              withdraw={(turnId) => void cancel.run(turnId)}
              again={(message) => void deliver(message)}
            />
          )}
        </Loaded>
        <Interruption answering={running !== undefined} />
        {cancel.error && <Notice kind="bad">{cancel.error.message}</Notice>}
        <Composer
          name={calledBy(identity)}
          closed={channel.active ? undefined : 'This channel takes no messages at present.'}
          begun={route.value.query.begun !== undefined}
          send={send}
          stop={running === undefined ? undefined : () => void cancel.run(running)}
        />
      </section>
      <TalkerPanel talker={identity} summary={summary} />
      {turn && <TurnSheet id={turn} close={() => inspect()} />}
    </div>
  );
}

/** Says when the line is broken, and what that means for what is being said. */
function Interruption({ answering }: { answering: boolean }) {
  if (connection.value !== 'lost') return null;
  return (
    <Notice kind="warn">
      The connection is lost; reconnecting.{' '}
      {answering && 'The assistant goes on without you, and the rest of its reply will appear here. '}
      <button type="button" class="link" onClick={retryNow}>
        Try now
      </button>
    </Notice>
  );
}
