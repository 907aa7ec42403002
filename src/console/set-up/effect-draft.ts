import type { VariablesOf } from 'gql.tada';
import type { UPDATE_STAGE } from './documents.ts';
import type { Effect } from './stages.tsx';

type EffectInput = NonNullable<VariablesOf<typeof UPDATE_STAGE>['input']['effects']>[number];

export const UNITS = { minutes: 60, hours: 3600, days: 86_400 };
export type Unit = keyof typeof UNITS;

/** An effect as it is being written. */
export type EffectDraft =
  | { kind: 'openingMessage'; channelKey: string; text: string }
  | { kind: 'moveAfter'; amount: string; unit: Unit; stageKey: string }
  | { kind: 'webhook'; url: string; secret: string; secretSet: boolean };

/** An effect that is stored, to be changed. */
export function draftOf(effect: Effect): EffectDraft {
  switch (effect.__typename) {
    case 'OpeningMessage':
      return { kind: 'openingMessage', channelKey: effect.channel.key, text: effect.text };
    case 'MoveAfter': {
      const fitting = (Object.keys(UNITS) as Unit[]).findLast((unit) => effect.seconds % UNITS[unit] === 0);
      const unit = fitting ?? 'minutes';
      return { kind: 'moveAfter', amount: String(effect.seconds / UNITS[unit]), unit, stageKey: effect.stage.key };
    }
    case 'Webhook':
      return { kind: 'webhook', url: effect.url, secret: '', secretSet: effect.secretSet };
  }
}

/** The effect as the server takes it. A webhook whose secret was left empty keeps the one it has. */
export function toInput(draft: EffectDraft): EffectInput {
  switch (draft.kind) {
    case 'openingMessage':
      return { openingMessage: { channel: { key: draft.channelKey }, text: draft.text } };
    case 'moveAfter': {
      const seconds = Math.round(Number(draft.amount) * UNITS[draft.unit]);
      return { moveAfter: { seconds: Number.isFinite(seconds) ? seconds : 0, stage: { key: draft.stageKey } } };
    }
    case 'webhook':
      return { webhook: { url: draft.url.trim(), ...(draft.secret && { secret: draft.secret.trim() }) } };
  }
}
