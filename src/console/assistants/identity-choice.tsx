import type { ResultOf } from 'gql.tada';
import { useEffect, useId, useState } from 'preact/hooks';
import { useQuery } from '../api/use-query.ts';
import { calledBy } from '../identities/known.ts';
import { StagePill } from '../parts/stage-pill.tsx';
import { usePaused } from '../parts/use-paused.ts';
import { FOUND } from './documents.ts';

export type Found = ResultOf<typeof FOUND>['identities']['edges'][number]['node'];

export interface IdentityChoiceProps {
  chosen: Found | null;
  choose(identity: Found): void;
}

/** A field in which one searches for an identity and picks one (the combobox pattern of ARIA). */
export function IdentityChoice({ chosen, choose }: IdentityChoiceProps) {
  const id = useId();
  const [typed, setTyped] = useState<string | null>(null);
  const [active, setActive] = useState(0);
  const search = typed?.trim() || null;
  const asked = usePaused(search);
  const { data: found, loading } = useQuery(FOUND, { search: asked });
  const options = found?.identities.edges.map(({ node }) => node) ?? [];
  const open = typed !== null;
  const [first] = options;
  useEffect(() => {
    if (!chosen && first) choose(first);
  }, [chosen, first, choose]);
  const pick = (identity: Found | undefined) => {
    if (identity) choose(identity);
    setTyped(null);
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Escape') return setTyped(null);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined && !(event.key === 'Enter' && open)) return undefined;
    event.preventDefault();
    if (step === undefined) {
      // What is listed still belongs to what was written before.
      if (search !== asked || loading) return undefined;
      return pick(options[active]);
    }
    if (!open) return setTyped('');
    return setActive((active + step + options.length) % Math.max(1, options.length));
  };
  return (
    <div class="field combobox">
      <label for={id}>Identity</label>
      <input
        id={id}
        role="combobox"
        aria-expanded={open}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={open && options[active] ? `${id}-${active}` : undefined}
        autocomplete="off"
        placeholder="Search…"
        value={typed ?? (chosen ? calledBy(chosen) : '')}
        onFocus={({ currentTarget }) => currentTarget.select()}
        onClick={() => setTyped(typed ?? '')}
        onInput={({ currentTarget }) => {
          setTyped(currentTarget.value);
          setActive(0);
        }}
        onKeyDown={press}
        onBlur={() => setTyped(null)}
      />
      <div id={`${id}-list`} role="listbox" aria-label="Identities" hidden={!open}>
        {options.map((identity, place) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are those of the field
          <div
            key={identity.id}
            id={`${id}-${place}`}
            role="option"
            tabIndex={-1}
            aria-selected={place === active}
            // The field keeps the focus.
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => pick(identity)}
          >
            <span>{calledBy(identity)}</span> <StagePill stage={identity.stage} />
          </div>
        ))}
        {found && options.length === 0 && <p class="muted">Nobody like that</p>}
      </div>
    </div>
  );
}
