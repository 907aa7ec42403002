import type { ResultOf } from 'gql.tada';
import { useMemo, useState } from 'preact/hooks';
import { mutate } from '../api/request.ts';
import { usePages } from '../api/use-pages.ts';
import { Confirm } from '../parts/dialog.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { More } from '../parts/more.tsx';
import { Section } from '../parts/page.tsx';
import { Time } from '../parts/time.tsx';
import { KEYS, REVOKE_KEY } from './documents.ts';
import { KeyDialog } from './key-dialog.tsx';

type Key = ResultOf<typeof KEYS>['apiKeys']['edges'][number]['node'];

const listOf = ({ apiKeys }: ResultOf<typeof KEYS>) => apiKeys;

export function Keys() {
  const [revoked, setRevoked] = useState(false);
  const pages = usePages(
    KEYS,
    useMemo(() => ({ revoked }), [revoked]),
    listOf,
  );
  const [open, setOpen] = useState<'new' | Key | null>(null);
  const close = () => setOpen(null);
  const actions = (
    <>
      <label class="toggle">
        <input type="checkbox" checked={revoked} onChange={() => setRevoked(!revoked)} /> Revoked too
      </label>
      <button type="button" class="primary" onClick={() => setOpen('new')}>
        New key
      </button>
    </>
  );
  return (
    <Section title="API keys" actions={actions}>
      <p class="lead">They open this workspace. A secret is shown once, when its key is made.</p>
      <Loaded data={pages.items} error={pages.error} reload={pages.reload} lines={4}>
        {(keys) => (
          <>
            <table class="list">
              <thead>
                <tr>
                  <th scope="col">Name</th>
                  <th scope="col">Begins with</th>
                  <th scope="col">Allows</th>
                  <th scope="col">Made</th>
                  <th scope="col">Last used</th>
                  <th scope="col">Ends</th>
                  <th scope="col">
                    <span class="unseen">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {keys.map((key) => (
                  <KeyRow key={key.id} apiKey={key} revoke={() => setOpen(key)} />
                ))}
              </tbody>
            </table>
            <More pages={pages} />
          </>
        )}
      </Loaded>
      {open === 'new' && <KeyDialog made={pages.reload} close={close} />}
      {open !== null && open !== 'new' && (
        <Confirm
          title={`Revoke ${open.name}?`}
          confirm="Revoke"
          act={async () => {
            await mutate(REVOKE_KEY, { input: { id: open.id } });
            pages.reload();
          }}
          close={close}
        >
          Whoever uses it is let go at once. If it is the key you are signed in with, that is you.
        </Confirm>
      )}
    </Section>
  );
}

function KeyRow({ apiKey, revoke }: { apiKey: Key; revoke(): void }) {
  const { name, secretHint, permissions, createdAt, expiresAt, lastUsedAt, revokedAt } = apiKey;
  return (
    <tr>
      <th scope="row">{name}</th>
      <td data-label="Begins with">
        <code>{secretHint}…</code>
      </td>
      <td data-label="Allows">{permissions.map((permission) => permission.toLowerCase()).join(', ')}</td>
      <td data-label="Made">
        <Time at={createdAt} />
      </td>
      <td data-label="Last used">{lastUsedAt ? <Time at={lastUsedAt} /> : 'never'}</td>
      <td data-label="Ends">{expiresAt ? <Time at={expiresAt} /> : 'never'}</td>
      <td class="row-actions">
        {revokedAt ? (
          <span class="badge">revoked</span>
        ) : (
          <button type="button" class="small" aria-label={`Revoke ${name}`} onClick={revoke}>
            Revoke
          </button>
        )}
      </td>
    </tr>
  );
}
