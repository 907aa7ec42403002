import { useStages } from '../api/choices.ts';
import { mutate } from '../api/request.ts';
import { useAction } from '../api/use-query.ts';
import { Empty, Notice } from '../parts/notice.tsx';
import { Section } from '../parts/page.tsx';
import { StagePill } from '../parts/stage-pill.tsx';
import { Time } from '../parts/time.tsx';
import { Way } from '../parts/way.tsx';
import { href } from '../route.ts';
import { ASSIGN } from './documents.ts';
import type { Known } from './known.ts';

const CAUSES = { API: 'assigned', ASSISTANT: 'by an assistant', RULE: 'by a rule of the stage' };

export interface StageHistoryProps {
  identity: Known;
  changed(): void;
}

/** Where somebody is, how they came there, and where to move them. */
export function StageHistory({ identity, changed }: StageHistoryProps) {
  const { stage, stageEnteredAt, transitions } = identity;
  const moves = transitions.edges.map(({ node }) => node).reverse();
  return (
    <Section title="Stage">
      <p class="now">
        <StagePill stage={stage} />
        {stageEnteredAt && (
          <span class="muted">
            since <Time at={stageEnteredAt} />
          </span>
        )}
      </p>
      <Assign identity={identity} changed={changed} />
      {moves.length === 0 && <Empty title="Never moved." />}
      <ol class="timeline">
        {moves.map(({ id, cause, createdAt, fromStage, toStage, turnId }) => (
          <li key={id}>
            <Way from={fromStage} to={toStage} />
            <span class="muted">
              {turnId ? <a href={href(['turns', turnId])}>{CAUSES[cause]}</a> : CAUSES[cause]}, <Time at={createdAt} />
            </span>
          </li>
        ))}
      </ol>
      {transitions.pageInfo.hasPreviousPage && <p class="muted">Earlier moves are left out.</p>}
    </Section>
  );
}

function Assign({ identity: { id, stage }, changed }: StageHistoryProps) {
  const { data: stages = [] } = useStages();
  const { run, pending, error } = useAction(async (form: HTMLFormElement) => {
    const to = String(new FormData(form).get('stage'));
    // Whoever moved them meanwhile is not overruled without knowing it.
    const expectedStage = stage ? { id: stage.id } : null;
    await mutate(ASSIGN, { input: { identity: { id }, stage: { id: to }, expectedStage } });
  });
  const assign = async (event: SubmitEvent) => {
    event.preventDefault();
    await run(event.currentTarget as HTMLFormElement);
    changed();
  };
  const allowed = stage?.allowedNext?.map((next) => next.id);
  const others = stages.filter((each) => each.id !== stage?.id);
  return (
    <form class="inline-form" onSubmit={assign}>
      <label>
        <span class="unseen">Move to</span>
        <select name="stage" required>
          <option value="">Move to…</option>
          {others.map((each) => {
            const barred = allowed !== undefined && !allowed.includes(each.id);
            return (
              <option key={each.id} value={each.id} disabled={barred}>
                {barred ? `${each.name} (may not follow)` : each.name}
              </option>
            );
          })}
        </select>
      </label>
      <button type="submit" disabled={pending}>
        Move
      </button>
      {error && <Notice kind="bad">{error.message}</Notice>}
    </form>
  );
}
