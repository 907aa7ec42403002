import { Empty } from '../parts/notice.tsx';
import { StagePill } from '../parts/stage-pill.tsx';
import { span } from '../parts/time.tsx';
import type { Flow } from './counts.ts';

/** Every pair of stages between which somebody moved, the largest first. */
export function FlowTable({ flows }: { flows: readonly Flow[] }) {
  if (flows.length === 0) return <Empty title="Nobody moved in this span." />;
  const largest = Math.max(...flows.map(({ count }) => count));
  return (
    <table class="flows">
      <thead>
        <tr>
          <th scope="col">From</th>
          <th scope="col">To</th>
          <th scope="col">Moves</th>
          <th scope="col">Half within</th>
          <th scope="col">Most within</th>
        </tr>
      </thead>
      <tbody>
        {flows
          .toSorted((one, other) => other.count - one.count)
          .map(({ fromStage, toStage, count, medianSeconds, p90Seconds }) => (
            <tr key={`${fromStage?.id} ${toStage.id}`}>
              <td>{fromStage ? <StagePill stage={fromStage} /> : <span class="pill none">new</span>}</td>
              <td>
                <StagePill stage={toStage} />
              </td>
              <td class="amount" data-label="Moves">
                <meter min={0} max={largest} value={count} aria-hidden="true" />
                {count}
              </td>
              <td data-label="Half within">{medianSeconds === null ? '–' : span(medianSeconds)}</td>
              <td data-label="Most within">{p90Seconds === null ? '–' : span(p90Seconds)}</td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}
