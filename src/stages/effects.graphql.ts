import { ChannelReferenceInput, ChannelType } from '../channels/graphql.ts';
import { builder } from '../graphql/builder.ts';
import { requireOperatorRead } from '../workspaces/access.ts';
import { StageReferenceInput, StageType } from './graphql.ts';
import { effectsOf, type StageEffect } from './model.ts';

type EffectOf<Type extends StageEffect['type']> = Extract<StageEffect, { type: Type }>;

const OpeningMessageType = builder.objectRef<EffectOf<'openingMessage'>>('OpeningMessage').implement({
  description: 'The assistant says something of its own accord, if the identity is still there.',
  fields: (t) => ({
    channel: t.prismaField({
      type: ChannelType,
      description: 'Where; the conversation is begun when there is none.',
      resolve: (query, { channelId }, _args, ctx) =>
        ctx.db.channel.findUniqueOrThrow({ ...query, where: { id: channelId, workspaceId: ctx.workspaceId } }),
    }),
    text: t.exposeString('text', { description: 'A template over the same data as instructions.' }),
  }),
});

const MoveAfterType = builder.objectRef<EffectOf<'moveAfter'>>('MoveAfter').implement({
  description: 'Who says nothing for a while is moved on, with the cause RULE.',
  fields: (t) => ({
    seconds: t.exposeInt('seconds', {
      description: 'How long without a message of the identity, from its entering or its latest message since then.',
    }),
    stage: t.prismaField({
      type: StageType,
      description: 'Into which stage.',
      resolve: (query, { stageId }, _args, ctx) =>
        ctx.db.stage.findUniqueOrThrow({ ...query, where: { id: stageId, workspaceId: ctx.workspaceId } }),
    }),
  }),
});

const WebhookType = builder.objectRef<EffectOf<'webhook'>>('Webhook').implement({
  description:
    'The move is told to an address: a POST signed after the Standard Webhooks specification, tried for a day until it is answered with a 2xx.',
  fields: (t) => ({
    url: t.exposeString('url', { description: 'Where it is sent.' }),
    secretSet: t.boolean({
      description: 'Whether there is a secret to sign with; the secret itself is never shown.',
      resolve: ({ secret }) => secret !== '',
    }),
  }),
});

const TYPE_NAMES = { openingMessage: 'OpeningMessage', moveAfter: 'MoveAfter', webhook: 'Webhook' } as const;

const StageEffectType = builder.unionType('StageEffect', {
  description: 'Something that happens to an identity because it entered a stage.',
  types: [OpeningMessageType, MoveAfterType, WebhookType],
  resolveType: ({ type }) => TYPE_NAMES[type],
});

builder.prismaObjectField(StageType, 'effects', (t) =>
  t.field({
    type: [StageEffectType],
    description: 'What happens to an identity that enters. For operators only.',
    resolve: (stage, _args, ctx) => {
      requireOperatorRead(ctx);
      return effectsOf(stage);
    },
  }),
);

const OpeningMessageInput = builder.inputType('OpeningMessageInput', {
  description: 'A message the assistant sends of its own accord.',
  fields: (t) => ({
    channel: t.field({
      type: ChannelReferenceInput,
      required: true,
      description: 'Over which channel; one such message for each at most.',
    }),
    text: t.string({
      required: true,
      description: 'A template over the same data as instructions. One that renders to nothing is not sent.',
    }),
  }),
});

const MoveAfterInput = builder.inputType('MoveAfterInput', {
  description: 'A move of those who say nothing; one for each stage at most.',
  fields: (t) => ({
    seconds: t.int({
      required: true,
      description: 'After how many seconds without a message, 1 to 31,622,400 (366 days).',
    }),
    stage: t.field({ type: StageReferenceInput, required: true, description: 'Into which other stage.' }),
  }),
});

const WebhookInput = builder.inputType('WebhookInput', {
  description: 'An address that is told of the move.',
  fields: (t) => ({
    url: t.string({
      required: true,
      description: 'An http or https address, without credentials; once in each stage.',
    }),
    secret: t.string({
      description:
        'Signs what is sent: `whsec_` and 24 to 64 bytes in base64. Omitted: the one stored for this URL stays.',
    }),
  }),
});

export const StageEffectInput = builder.inputType('StageEffectInput', {
  description: 'One thing that is to happen; exactly one of these.',
  isOneOf: true,
  fields: (t) => ({
    openingMessage: t.field({ type: OpeningMessageInput, description: 'Let the assistant speak first.' }),
    moveAfter: t.field({ type: MoveAfterInput, description: 'Do not wait for ever.' }),
    webhook: t.field({ type: WebhookInput, description: 'Tell another system.' }),
  }),
});
