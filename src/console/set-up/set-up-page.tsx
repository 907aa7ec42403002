import { Empty } from '../parts/notice.tsx';
import { Page } from '../parts/page.tsx';
import { href } from '../route.ts';
import { Channels } from './channels.tsx';
import { Keys } from './keys.tsx';
import { Stages } from './stages.tsx';
import { Workers } from './workers.tsx';

const PARTS = {
  stages: { name: 'Stages', content: Stages },
  channels: { name: 'Channels', content: Channels },
  workers: { name: 'Workers', content: Workers },
  keys: { name: 'API keys', content: Keys },
};

export function SetUpPage({ part }: { part: string }) {
  const chosen = part in PARTS ? PARTS[part as keyof typeof PARTS] : null;
  return (
    <Page title="Set-up" name={chosen ? `${chosen.name} · Set-up` : 'Set-up'}>
      <nav class="tabs" aria-label="Set-up">
        {Object.entries(PARTS).map(([path, { name }]) => (
          <a key={path} href={href(['set-up', path])} aria-current={path === part ? 'page' : undefined}>
            {name}
          </a>
        ))}
      </nav>
      {chosen ? <chosen.content /> : <Empty title="There is no such part." />}
    </Page>
  );
}
