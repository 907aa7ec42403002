import type { Flow } from './counts.ts';

export interface Arc {
  flow: Flow;
  /** The places of the two stages on the board, from 0; from -1 come those who were in no stage. */
  from: number;
  to: number;
}

/** Where the columns of the board lie, in pixels. */
export interface Columns {
  count: number;
  width: number;
  gap: number;
}

const THINNEST = 1.5;
const THICKEST = 9;
const ENTRY_LENGTH = 34;
/** How far from the middle of its column an arc begins and ends, as a share of the column. */
const ASIDE = 0.2;

export interface FlowArcsProps {
  arcs: readonly Arc[];
  columns: Columns;
  height: number;
  /** Bows of forward moves stand on the board, those of backward moves hang below it. */
  hanging?: boolean;
  largest: number;
}

/** The flows between stages as bows whose thickness is the number of moves. The table below says the same in words. */
export function FlowArcs({ arcs, columns, height, hanging = false, largest }: FlowArcsProps) {
  const { count, width, gap } = columns;
  const middle = (place: number) => (place + 0.5) * width + place * gap;
  return (
    <svg
      class={`arcs ${hanging ? 'back' : ''}`}
      width={count * width + (count - 1) * gap}
      height={height}
      aria-hidden="true"
    >
      <defs>
        <marker
          id={markerId(hanging)}
          viewBox="0 0 8 8"
          refX="4"
          refY="4"
          markerWidth="9"
          markerHeight="9"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path class="tip" d="M0 0.5 8 4 0 7.5z" />
        </marker>
      </defs>
      {arcs.map((arc) => {
        const { path, label } = shapeOf(arc, { columns, height, hanging, middle });
        const thickness = THINNEST + (THICKEST - THINNEST) * Math.sqrt(arc.flow.count / largest);
        return (
          <g key={`${arc.from} ${arc.to}`}>
            <path class="bow" d={path} stroke-width={thickness} marker-end={`url(#${markerId(hanging)})`} />
            <text x={label.x} y={label.y} text-anchor="middle">
              {arc.from < 0 ? `${arc.flow.count} new` : arc.flow.count}
            </text>
          </g>
        );
      })}
    </svg>
  );
}

function markerId(hanging: boolean): string {
  return hanging ? 'tip-back' : 'tip-forward';
}

interface Frame {
  columns: Columns;
  height: number;
  hanging: boolean;
  middle(place: number): number;
}

/** The line of an arc and where its number stands. */
function shapeOf({ from, to }: Arc, { columns: { count, width }, height, hanging, middle }: Frame) {
  const side = hanging ? -1 : 1;
  const [base, away] = hanging ? [0, 1] : [height, -1];
  const end = middle(to) - side * width * ASIDE;
  if (from < 0) {
    const top = base + away * ENTRY_LENGTH;
    return { path: `M${end} ${top}V${base - away * -6}`, label: { x: end, y: top - 6 } };
  }
  const start = middle(from) + side * width * ASIDE;
  const reach = count > 2 ? (Math.abs(to - from) - 1) / (count - 2) : 0;
  const peak = base + away * (0.5 + 0.5 * reach) * (height - 22) * (4 / 3);
  const landing = base + away * 6;
  return {
    path: `M${start} ${base}C${start} ${peak} ${end} ${peak} ${end} ${landing}`,
    label: { x: (start + end) / 2, y: base + (peak - base) * 0.75 + (hanging ? 17 : -8) },
  };
}
