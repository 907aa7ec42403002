import { useRef } from 'preact/hooks';
import { hueOf } from '../parts/stage-pill.tsx';
import { span } from '../parts/time.tsx';
import { href } from '../route.ts';
import type { StageCounts } from './counts.ts';

/** One stage: who is in it now, who came and went in the span, and how long they stayed. */
export function StageCard({ counts, longest }: { counts: StageCounts; longest: number }) {
  const { stage, current, entered, left, medianSeconds, p90Seconds } = counts;
  const shown = useRef(current);
  const moved = shown.current !== current;
  shown.current = current;
  return (
    <li class={`stage-card hue-${hueOf(stage.key)}`} data-stage={stage.key}>
      <h2>
        <a href={href(['identities'], { stage: stage.key })}>{stage.name}</a>
      </h2>
      <p class="key">
        {stage.key}
        {stage.archivedAt && ' · archived'}
      </p>
      <p class="current">
        {/* The key begins the flash anew with each change. */}
        <strong key={current} class={moved ? 'moved' : ''}>
          {current}
        </strong>{' '}
        in it now
      </p>
      <p class="traffic">
        <span>{entered} came</span>
        <span>{left} left</span>
      </p>
      <Stay {...{ medianSeconds, p90Seconds, longest }} />
    </li>
  );
}

interface StayProps extends Pick<StageCounts, 'medianSeconds' | 'p90Seconds'> {
  longest: number;
}

/** How long those who left had stayed: half of them, and nine of ten. */
function Stay({ medianSeconds, p90Seconds, longest }: StayProps) {
  if (medianSeconds === null || p90Seconds === null) return <p class="stay none">Nobody has left yet</p>;
  const share = (seconds: number) => `${Math.max(1.5, (100 * seconds) / longest)}%`;
  return (
    <p
      class="stay"
      title={`Half of those who left stayed ${span(medianSeconds)} at most, nine of ten ${span(p90Seconds)}`}
    >
      <svg class="scale" aria-hidden="true">
        <rect class="track" width="100%" height="100%" rx="2" />
        <rect class="most" width={share(p90Seconds)} height="100%" rx="2" />
        <rect class="half" width={share(medianSeconds)} height="100%" rx="2" />
      </svg>
      <span>
        half leave within <b>{span(medianSeconds)}</b>
      </span>
      <span>
        most within <b>{span(p90Seconds)}</b>
      </span>
    </p>
  );
}
