import { Copy } from '../parts/copy.tsx';
import { Section } from '../parts/page.tsx';
import { Time } from '../parts/time.tsx';
import type { Known } from './known.ts';

export function Profile({ identity }: { identity: Known }) {
  const { id, externalId, name, email, phone, metadata, createdAt } = identity;
  const facts = [
    ['External id', externalId],
    ['Name', name],
    ['Mail', email],
    ['Phone', phone],
  ] as const;
  return (
    <Section title="Profile" actions={<Copy text={id} label="Copy id" />}>
      <dl class="facts">
        {facts.map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value ?? <span class="muted">–</span>}</dd>
          </div>
        ))}
        <div>
          <dt>Known since</dt>
          <dd>
            <Time at={createdAt} />
          </dd>
        </div>
      </dl>
      {Object.keys(metadata).length > 0 && (
        <details>
          <summary>Metadata</summary>
          <pre class="code-block">{JSON.stringify(metadata, null, 2)}</pre>
        </details>
      )}
    </Section>
  );
}
