import type { ResultOf } from 'gql.tada';
import { useState } from 'preact/hooks';
import { useStages } from '../api/choices.ts';
import type { Query } from '../api/use-query.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Empty, Notice } from '../parts/notice.tsx';
import { Section } from '../parts/page.tsx';
import { PromptMessages } from '../parts/prompt-messages.tsx';
import type { Assistant } from './assistant-page.tsx';
import type { PREVIEW } from './documents.ts';
import { type Found, IdentityChoice } from './identity-choice.tsx';

/** For whom, where and with what message a prompt is rendered. */
export interface Occasion {
  identity: Found | null;
  /** As if they were in this stage; empty: in the one they are in. */
  stageKey: string;
  channelKey: string;
  text: string;
}

export interface PreviewProps {
  assistant: Assistant;
  occasion: Occasion;
  change(changed: Partial<Occasion>): void;
  preview: Query<ResultOf<typeof PREVIEW>>;
  faulty: boolean;
}

/** What the model would be sent, as the instructions are written. */
export function Preview({ assistant, occasion, change, preview, faulty }: PreviewProps) {
  const { data: stages = [] } = useStages();
  const [chooseIdentity] = useState(() => (identity: Found) => change({ identity }));
  const { identity, stageKey, channelKey, text } = occasion;
  const stage = stageKey ? stages.find(({ key }) => key === stageKey) : identity?.stage;
  const other = stage?.assistant && stage.assistant.id !== assistant.id ? stage.assistant : null;
  return (
    <Section title="What the model would be sent">
      <div class="field-row">
        <IdentityChoice chosen={identity} choose={chooseIdentity} />
        <Choice
          label="As if in stage"
          value={stageKey}
          choose={(key) => change({ stageKey: key })}
          choices={[['', 'where they are'], ...stages.map(({ key, name }) => [key, name] as const)]}
        />
      </div>
      <div class="field-row">
        <Choice
          label="Over channel"
          value={channelKey}
          choose={(key) => change({ channelKey: key })}
          choices={channelsOf(assistant).map(({ key, name }) => [key, name] as const)}
        />
        <label class="field">
          Saying
          <input value={text} onInput={({ currentTarget }) => change({ text: currentTarget.value })} />
        </label>
      </div>
      {other && (
        <Notice kind="warn">
          In {stage?.name} {other.name} answers, not this assistant.
        </Notice>
      )}
      {channelsOf(assistant).length === 0 ? (
        <Empty title="Nobody can be answered yet.">Give a channel to the worker {assistant.worker.name} first.</Empty>
      ) : (
        <Loaded data={preview.data} error={faulty ? undefined : preview.error} reload={preview.reload} lines={8}>
          {({ previewPrompt: { messages } }) => (
            <div class={`preview ${faulty ? 'stale' : ''}`}>
              {faulty && <p class="muted">As it was before the mistake.</p>}
              <PromptMessages messages={messages} />
            </div>
          )}
        </Loaded>
      )}
    </Section>
  );
}

/** The channels over which this assistant may answer. */
export function channelsOf({ worker }: Assistant) {
  return worker.channels.edges.map(({ node }) => node);
}

interface ChoiceProps {
  label: string;
  value: string;
  choose(value: string): void;
  choices: readonly (readonly [value: string, name: string])[];
}

function Choice({ label, value, choose, choices }: ChoiceProps) {
  return (
    <label class="field">
      {label}
      <select value={value} onChange={({ currentTarget }) => choose(currentTarget.value)}>
        {choices.map(([choice, name]) => (
          <option key={choice} value={choice}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
