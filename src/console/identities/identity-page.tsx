import { useState } from 'preact/hooks';
import { useQuery } from '../api/use-query.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Empty, Notice } from '../parts/notice.tsx';
import { Page } from '../parts/page.tsx';
import { href } from '../route.ts';
import { IDENTITY } from './documents.ts';
import { EraseDialog } from './erase-dialog.tsx';
import { IdentityConversations } from './identity-conversations.tsx';
import { calledBy, type Known } from './known.ts';
import { Memory } from './memory.tsx';
import { Profile } from './profile.tsx';
import { ProfileDialog } from './profile-dialog.tsx';
import { StageHistory } from './stage-history.tsx';
import { useMoves } from './use-moves.ts';

const BACK = { href: href(['identities']), to: 'Identities' };

export function IdentityPage({ id }: { id: string }) {
  const { data, error, reload } = useQuery(IDENTITY, { id });
  const [receipt, setReceipt] = useState<string>();
  useMoves(id, reload);
  const identity = data?.identity;
  if (receipt !== undefined) {
    return (
      <Page title="Erased" back={BACK}>
        <Notice kind="good">{receipt}</Notice>
      </Page>
    );
  }
  if (identity === null) {
    return (
      <Page title="Identity" back={BACK}>
        <Empty title="There is no such identity.">It may have been erased.</Empty>
      </Page>
    );
  }
  return (
    <Page
      key={identity ? 'known' : 'loading'}
      title={identity ? calledBy(identity) : 'Identity'}
      back={BACK}
      actions={identity && <Actions identity={identity} changed={reload} erased={setReceipt} />}
    >
      <Loaded data={identity} error={error} reload={reload} lines={12}>
        {(known) => (
          <div class="beside even">
            <div>
              <StageHistory identity={known} changed={reload} />
              <IdentityConversations identity={known} />
            </div>
            <div>
              <Profile identity={known} />
              <Memory identity={known} changed={reload} />
            </div>
          </div>
        )}
      </Loaded>
    </Page>
  );
}

interface ActionsProps {
  identity: Known;
  changed(): void;
  erased(receipt: string): void;
}

function Actions({ identity, changed, erased }: ActionsProps) {
  const [open, setOpen] = useState<'profile' | 'erase' | null>(null);
  const close = () => setOpen(null);
  return (
    <>
      <button type="button" onClick={() => setOpen('profile')}>
        Change profile
      </button>
      <button type="button" class="danger quiet" onClick={() => setOpen('erase')}>
        Erase
      </button>
      {open === 'profile' && <ProfileDialog identity={identity} saved={changed} close={close} />}
      {open === 'erase' && <EraseDialog identity={identity} erased={erased} close={close} />}
    </>
  );
}
