import type { ComponentChildren } from 'preact';
import { WORKSPACE } from './api/documents.ts';
import { connection, retryNow } from './api/live.ts';
import { signOut } from './api/session.ts';
import { useQuery } from './api/use-query.ts';
import { type Drawing, Icon } from './parts/icon.tsx';
import { href, route } from './route.ts';

const AREAS: { path: string; name: string; icon: Drawing }[] = [
  { path: 'journey', name: 'Journey', icon: 'journey' },
  { path: 'identities', name: 'Identities', icon: 'identities' },
  { path: 'conversations', name: 'Conversations', icon: 'conversations' },
  { path: 'assistants', name: 'Assistants', icon: 'assistants' },
  { path: 'set-up', name: 'Set-up', icon: 'set-up' },
];

/** What stands around every page: where one can go, whose workspace it is, and how the line to the server stands. */
export function Shell({ children }: { children: ComponentChildren }) {
  const { data } = useQuery(WORKSPACE, {});
  const here = route.value.path[0] ?? 'journey';
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={skip}>
        Skip to the content
      </button>
      <header class="bar">
        <p class="wordmark">
          <Icon name="mark" /> Milepost
        </p>
        <nav aria-label="Console">
          {AREAS.map(({ path, name, icon }) => (
            <a key={path} href={href([path])} aria-current={here === path ? 'page' : undefined}>
              <Icon name={icon} />
              <span>{name}</span>
            </a>
          ))}
        </nav>
        <div class="standing">
          <Line />
          <p class="workspace" title={data?.workspace.id}>
            {data?.workspace.name ?? ' '}
          </p>
          <button type="button" class="small" onClick={() => signOut()}>
            Sign out
          </button>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

// Not a link: the address behind the # says which page is shown.
function skip() {
  document.getElementById('main')?.focus();
}

const WORDS = { idle: 'Ready', connecting: 'Connecting…', live: 'Live', lost: 'Reconnecting…' };

/** How the line to the server stands, in a word. */
function Line() {
  const state = connection.value;
  return (
    <p class={`line ${state}`}>
      <span class="lamp" aria-hidden="true" />
      <span role="status">{WORDS[state]}</span>
      {state === 'lost' && (
        <button type="button" class="link" onClick={retryNow}>
          Try now
        </button>
      )}
    </p>
  );
}
