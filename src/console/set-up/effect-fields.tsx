import type { ComponentChildren } from 'preact';
import { useChannels } from '../api/choices.ts';
import { Field } from '../parts/form.tsx';
import { type EffectDraft, UNITS, type Unit } from './effect-draft.ts';

type Choices = readonly { key: string; name: string }[];

export interface EffectFieldsProps {
  effects: readonly EffectDraft[];
  change(effects: readonly EffectDraft[]): void;
  /** Where one can be moved on to. */
  stages: Choices;
}

const NAMES = { openingMessage: 'Opening message', moveAfter: 'Move on after silence', webhook: 'Webhook' };

/** What is to happen to whoever enters the stage: a list one adds to and takes from. */
export function EffectFields({ effects, change, stages }: EffectFieldsProps) {
  const { data: channels = [] } = useChannels();
  const add = (draft: EffectDraft) => change([...effects, draft]);
  return (
    <fieldset>
      <legend>What happens on entering</legend>
      {effects.map((draft, place) => (
        <div key={place} class="card">
          <header class="panel-head">
            <h3>{NAMES[draft.kind]}</h3>
            <button
              type="button"
              class="small"
              aria-label={`Remove ${NAMES[draft.kind]}`}
              onClick={() => change(effects.toSpliced(place, 1))}
            >
              Remove
            </button>
          </header>
          <EffectParts
            {...{ draft, channels, stages }}
            path={`effects.${place}.${draft.kind}`}
            change={(changed) => change(effects.with(place, changed))}
          />
        </div>
      ))}
      <div class="buttons">
        <button
          type="button"
          class="small"
          onClick={() => add({ kind: 'openingMessage', channelKey: channels[0]?.key ?? '', text: '' })}
        >
          Add an opening message
        </button>
        <button
          type="button"
          class="small"
          onClick={() => add({ kind: 'moveAfter', amount: '1', unit: 'days', stageKey: stages[0]?.key ?? '' })}
        >
          Add a move after silence
        </button>
        <button
          type="button"
          class="small"
          onClick={() => add({ kind: 'webhook', url: '', secret: '', secretSet: false })}
        >
          Add a webhook
        </button>
      </div>
    </fieldset>
  );
}

interface EffectPartsProps {
  draft: EffectDraft;
  /** Where its faults are named. */
  path: string;
  change(draft: EffectDraft): void;
  channels: Choices;
  stages: Choices;
}

function EffectParts({ draft, path, change, channels, stages }: EffectPartsProps): ComponentChildren {
  switch (draft.kind) {
    case 'openingMessage':
      return (
        <>
          <ChoiceField
            label="Over channel"
            name={`${path}.channel`}
            value={draft.channelKey}
            choices={channels}
            choose={(channelKey) => change({ ...draft, channelKey })}
          />
          <Field label="Text" name={`${path}.text`} hint="A template, like instructions.">
            {(control) => (
              <textarea
                {...control}
                rows={2}
                value={draft.text}
                onInput={({ currentTarget }) => change({ ...draft, text: currentTarget.value })}
              />
            )}
          </Field>
        </>
      );
    case 'moveAfter':
      return (
        <div class="field-row">
          <Field label="After" name={`${path}.seconds`}>
            {(control) => (
              <input
                {...control}
                type="number"
                min="0"
                step="any"
                value={draft.amount}
                onInput={({ currentTarget }) => change({ ...draft, amount: currentTarget.value })}
              />
            )}
          </Field>
          <ChoiceField
            label="Unit"
            name={`${path}.unit`}
            value={draft.unit}
            choices={Object.keys(UNITS).map((unit) => ({ key: unit, name: unit }))}
            choose={(unit) => change({ ...draft, unit: unit as Unit })}
          />
          <ChoiceField
            label="To stage"
            name={`${path}.stage`}
            value={draft.stageKey}
            choices={stages}
            choose={(stageKey) => change({ ...draft, stageKey })}
          />
        </div>
      );
    case 'webhook':
      return (
        <>
          <Field label="Address" name={`${path}.url`}>
            {(control) => (
              <input
                {...control}
                type="url"
                value={draft.url}
                placeholder="https://example.com/hooks"
                onInput={({ currentTarget }) => change({ ...draft, url: currentTarget.value })}
              />
            )}
          </Field>
          <Field
            label="Secret"
            name={`${path}.secret`}
            hint={
              draft.secretSet
                ? 'Signs what is sent. Empty: the one that is stored stays.'
                : 'Signs what is sent; the receiver needs it too.'
            }
          >
            {(control) => (
              <span class="with-button">
                <input
                  {...control}
                  autocomplete="off"
                  value={draft.secret}
                  placeholder="whsec_…"
                  onInput={({ currentTarget }) => change({ ...draft, secret: currentTarget.value })}
                />
                <button type="button" onClick={() => change({ ...draft, secret: newSecret() })}>
                  Make one
                </button>
              </span>
            )}
          </Field>
        </>
      );
  }
}

/** A secret as the Standard Webhooks specification writes it. */
function newSecret(): string {
  return `whsec_${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))}`;
}

interface ChoiceFieldProps {
  label: string;
  name: string;
  value: string;
  choices: Choices;
  choose(key: string): void;
}

function ChoiceField({ label, name, value, choices, choose }: ChoiceFieldProps) {
  // What is chosen already may be archived or not loaded yet.
  const all = choices.some(({ key }) => key === value) ? choices : [{ key: value, name: value }, ...choices];
  return (
    <Field label={label} name={name}>
      {(control) => (
        <select {...control} value={value} onChange={({ currentTarget }) => choose(currentTarget.value)}>
          {all.map((choice) => (
            <option key={choice.key} value={choice.key}>
              {choice.name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
