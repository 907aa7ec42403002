import { StagePill } from './stage-pill.tsx';

type Named = { key: string; name: string };

/** A move from one stage to another; null for somebody who was in none. */
export function Way({ from, to }: { from: Named | null; to: Named }) {
  return (
    <span class="way">
      {from && (
        <>
          <StagePill stage={from} />
          <span aria-hidden="true">→</span>
          <span class="unseen">to</span>
        </>
      )}
      <StagePill stage={to} />
    </span>
  );
}
