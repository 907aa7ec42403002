import type { ResultOf } from 'gql.tada';
import { useState } from 'preact/hooks';
import { mutate } from '../api/request.ts';
import { usePages } from '../api/use-pages.ts';
import { Confirm } from '../parts/dialog.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { More } from '../parts/more.tsx';
import { Empty } from '../parts/notice.tsx';
import { Section } from '../parts/page.tsx';
import { ChannelDialog } from './channel-dialog.tsx';
import { CHANNELS, DELETE_CHANNEL } from './documents.ts';

export type Channel = ResultOf<typeof CHANNELS>['channels']['edges'][number]['node'];

const ALL = {};
const listOf = ({ channels }: ResultOf<typeof CHANNELS>) => channels;
const TYPES = { WEB: 'web', WHATSAPP: 'WhatsApp', CUSTOM: 'custom' };

export function Channels() {
  const pages = usePages(CHANNELS, ALL, listOf);
  const [open, setOpen] = useState<{ what: 'new' } | { what: 'change' | 'delete'; channel: Channel } | null>(null);
  const close = () => setOpen(null);
  const actions = (
    <button type="button" class="primary" onClick={() => setOpen({ what: 'new' })}>
      New channel
    </button>
  );
  return (
    <Section title="Channels" actions={actions}>
      <p class="lead">Where conversations happen. The worker of a channel decides who answers.</p>
      <Loaded data={pages.items} error={pages.error} reload={pages.reload} lines={4}>
        {(channels) => (
          <>
            {channels.length === 0 && <Empty title="There are no channels yet." />}
            <ul class="cards">
              {channels.map((channel) => (
                <li key={channel.id} class="card">
                  <header class="panel-head">
                    <h3>
                      {channel.name} <code>{channel.key}</code> {!channel.active && <span class="badge">closed</span>}
                    </h3>
                    <div class="actions">
                      <button
                        type="button"
                        class="small"
                        aria-label={`Change ${channel.name}`}
                        onClick={() => setOpen({ what: 'change', channel })}
                      >
                        Change
                      </button>
                      <button
                        type="button"
                        class="small"
                        aria-label={`Delete ${channel.name}`}
                        onClick={() => setOpen({ what: 'delete', channel })}
                      >
                        Delete
                      </button>
                    </div>
                  </header>
                  <ul class="remarks">
                    <li>{TYPES[channel.type]}</li>
                    <li>{channel.worker ? `${channel.worker.name} answers` : 'Nobody answers'}</li>
                  </ul>
                </li>
              ))}
            </ul>
            <More pages={pages} />
          </>
        )}
      </Loaded>
      {open?.what === 'new' && <ChannelDialog saved={pages.reload} close={close} />}
      {open?.what === 'change' && <ChannelDialog channel={open.channel} saved={pages.reload} close={close} />}
      {open?.what === 'delete' && (
        <Confirm
          title={`Delete ${open.channel.name}?`}
          confirm="Delete"
          act={async () => {
            await mutate(DELETE_CHANNEL, { input: { channel: { id: open.channel.id } } });
            pages.reload();
          }}
          close={close}
        >
          It closes for good, and its key is free again. The conversations held over it stay.
        </Confirm>
      )}
    </Section>
  );
}
