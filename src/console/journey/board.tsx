import { useEffect, useRef, useState } from 'preact/hooks';
import type { Flow, StageCounts } from './counts.ts';
import { type Arc, FlowArcs } from './flow-arcs.tsx';
import { StageCard } from './stage-card.tsx';

/** As in `journey.css`. */
const GAP = 16;
const LEAST_WIDTH = 172;
const FORWARD_HEIGHT = 132;
const BACKWARD_HEIGHT = 84;
/** More than this cannot be told apart. */
const MOST_ARCS = 14;

/** The stages side by side in the order of the journey, with the flows between them. */
export function Board({ stages, flows }: { stages: readonly StageCounts[]; flows: readonly Flow[] }) {
  const board = useRef<HTMLDivElement>(null);
  const available = useWidth(board);
  const width = Math.max(LEAST_WIDTH, (available - (stages.length - 1) * GAP) / stages.length);
  const columns = { count: stages.length, width, gap: GAP };
  const places = new Map(stages.map(({ stage }, place) => [stage.id, place]));
  const drawn = flows.toSorted((one, other) => other.count - one.count).slice(0, MOST_ARCS);
  const arcs = drawn.flatMap((flow): Arc[] => {
    const from = flow.fromStage ? places.get(flow.fromStage.id) : -1;
    const to = places.get(flow.toStage.id);
    return from === undefined || to === undefined ? [] : [{ flow, from, to }];
  });
  const largest = Math.max(1, ...arcs.map(({ flow }) => flow.count));
  const longest = Math.max(1, ...stages.map(({ p90Seconds }) => p90Seconds ?? 0));
  const backward = arcs.filter(({ from, to }) => from > to);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways, also by keyboard
    <section class="board" ref={board} aria-label="Stages" tabIndex={0}>
      {available > 0 && (
        <FlowArcs arcs={arcs.filter(({ from, to }) => from < to)} {...{ columns, largest, height: FORWARD_HEIGHT }} />
      )}
      <ul class="stages">
        {stages.map((counts) => (
          <StageCard key={counts.stage.id} counts={counts} longest={longest} />
        ))}
      </ul>
      {available > 0 && backward.length > 0 && (
        <FlowArcs hanging arcs={backward} {...{ columns, largest, height: BACKWARD_HEIGHT }} />
      )}
    </section>
  );
}

/** The width an element has for its content, in pixels; 0 before it is known. */
function useWidth(element: { current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    if (element.current) observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return width;
}
