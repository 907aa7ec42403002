import { useEffect, useState } from 'preact/hooks';
import { useQuery } from '../api/use-query.ts';
import { Loaded } from '../parts/loaded.tsx';
import { span } from '../parts/time.tsx';
import type { StageCounts } from './counts.ts';
import { CONVERSION } from './documents.ts';

const percent = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 });

/** How many of those who entered one stage came to another, by whatever way; counted again when somebody moves. */
export function Conversion({ stages, since }: { stages: readonly StageCounts[]; since: string | null }) {
  const [from, setFrom] = useState(stages[0]?.stage.key ?? '');
  const [to, setTo] = useState(stages.at(-1)?.stage.key ?? '');
  const { data, error, reload } = useQuery(CONVERSION, { since, from: { key: from }, to: { key: to } });
  // The counts are new whenever somebody has moved.
  useEffect(reload, [stages]);
  return (
    <div class="conversion">
      <p class="choice-row">
        <StageChoice label="Of those who entered" {...{ stages, value: from, choose: setFrom }} />
        <StageChoice label="how many reached" {...{ stages, value: to, choose: setTo }} />
      </p>
      <Loaded data={data?.journey.conversion} error={error} lines={1}>
        {({ entered, converted, rate, medianSeconds }) => (
          <p class="rate" aria-live="polite">
            <strong>{rate === null ? '–' : percent.format(rate)}</strong>
            <span>
              {converted} of {entered}
              {medianSeconds !== null && `, half of them within ${span(medianSeconds)}`}
            </span>
          </p>
        )}
      </Loaded>
    </div>
  );
}

interface StageChoiceProps {
  label: string;
  stages: readonly StageCounts[];
  value: string;
  choose(key: string): void;
}

function StageChoice({ label, stages, value, choose }: StageChoiceProps) {
  return (
    <label>
      {label}{' '}
      <select value={value} onChange={({ currentTarget }) => choose(currentTarget.value)}>
        {stages.map(({ stage: { key, name } }) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
