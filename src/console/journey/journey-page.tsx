import { useMemo } from 'preact/hooks';
import { useChannels } from '../api/choices.ts';
import { useLatest } from '../api/use-subscription.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Empty } from '../parts/notice.tsx';
import { Page, Section } from '../parts/page.tsx';
import { become, href, route } from '../route.ts';
import { Board } from './board.tsx';
import { Conversion } from './conversion.tsx';
import { countsOf } from './counts.ts';
import { JOURNEY } from './documents.ts';
import { FlowTable } from './flow-table.tsx';
import { LatestMoves } from './latest-moves.tsx';

const SPANS: [days: string, name: string][] = [
  ['1', 'Last 24 hours'],
  ['7', 'Last 7 days'],
  ['30', 'Last 30 days'],
  ['all', 'All time'],
];
const DAY_MS = 86_400_000;

export function JourneyPage() {
  const { days = '30', channel } = route.value.query;
  const since = useMemo(() => sinceOf(days), [days]);
  const { data, error, reload } = useLatest(JOURNEY, { since, split: channel !== undefined });
  const choose = (changed: Record<string, string>) => become(['journey'], { ...route.value.query, ...changed });
  return (
    <Page
      title="Journey"
      lead="Where everybody is, and how they move."
      actions={<Choices {...{ days, channel, choose }} />}
    >
      <Loaded data={data?.journey} error={error} reload={reload} lines={8}>
        {(journey) => {
          const { stages, flows } = countsOf(journey, channel);
          if (stages.length === 0) return <NoStages />;
          return (
            <>
              <Board stages={stages} flows={flows} />
              <div class="beside">
                <Section title="Flows">
                  <FlowTable flows={flows} />
                </Section>
                <div>
                  <Section title="Latest moves">
                    <LatestMoves />
                  </Section>
                  <Section title="Conversion">
                    <Conversion stages={journey.stages} since={since} />
                  </Section>
                </div>
              </div>
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}

/** Where a span that ends now begins; null for all time. */
function sinceOf(days: string): string | null {
  const count = Number(days);
  return count > 0 ? new Date(Date.now() - count * DAY_MS).toISOString() : null;
}

interface ChoicesProps {
  days: string;
  channel: string | undefined;
  choose(changed: Record<string, string>): void;
}

function Choices({ days, channel = '', choose }: ChoicesProps) {
  const { data: channels = [] } = useChannels();
  return (
    <>
      <label>
        <span class="unseen">Span</span>
        <select value={days} onChange={({ currentTarget }) => choose({ days: currentTarget.value })}>
          {SPANS.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="unseen">Channel</span>
        <select value={channel} onChange={({ currentTarget }) => choose({ channel: currentTarget.value })}>
          <option value="">All channels</option>
          {channels.map(({ key, name }) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}

function NoStages() {
  return (
    <Empty title="There are no stages yet.">
      A stage is a named phase of the journey. <a href={href(['set-up', 'stages'])}>Define the first ones.</a>
    </Empty>
  );
}
