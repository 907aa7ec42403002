import type { Kind } from './foreign.ts';

/** Documents that name something by `$it` in the effects of a stage, made or changed. */
function inEffects(place: string, type: string, effect: string, ...kinds: Kind[]) {
  const documentOf = (mutation: 'createStage' | 'updateStage', fields: string): [string, ...Kind[]] => [
    `mutation ($it: ${type}!) { ${mutation}(input: { ${fields}, effects: [${effect}] }) { __typename ... on UserError { code message } } }`,
    ...kinds,
  ];
  return {
    [`Mutation.createStage(input.effects.${place})`]: documentOf('createStage', 'name: "Effective"'),
    [`Mutation.updateStage(input.effects.${place})`]: documentOf('updateStage', 'stage: { key: "considering" }'),
  };
}

/** The places inside effects where a caller names something that exists. */
export const EFFECT_CASES: Record<string, [document: string, ...kinds: Kind[]]> = {
  ...inEffects(
    'openingMessage.channel',
    'ChannelReference',
    '{ openingMessage: { channel: $it, text: "Hi" } }',
    ...(['channel id', 'channel key'] as const),
  ),
  ...inEffects(
    'moveAfter.stage',
    'StageReference',
    '{ moveAfter: { seconds: 60, stage: $it } }',
    ...(['stage id', 'stage key'] as const),
  ),
};
