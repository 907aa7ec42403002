import { ChannelReferenceInput } from '../channels/graphql.ts';
import { toChannelReference } from '../channels/model.ts';
import { builder } from '../graphql/builder.ts';
import { IdentityReferenceInput } from '../identities/graphql.ts';
import { toIdentityReference } from '../identities/model.ts';
import { StageReferenceInput } from '../stages/graphql.ts';
import { toStageReference } from '../stages/model.ts';
import { TurnType } from './graphql.ts';
import { previewPrompt } from './preview.ts';
import { findPrompt } from './sent-prompt.ts';

const PromptMessageType = builder.objectRef<{ role: string; content: string }>('PromptMessage').implement({
  description: 'One message as the model was sent it.',
  fields: (t) => ({
    role: t.exposeString('role', { description: 'One of system, user and assistant.' }),
    content: t.exposeString('content', { description: 'Its text.' }),
  }),
});

const TurnPromptType = builder
  .objectRef<{ instructions: string; messages: { role: string; content: string }[]; hash: string }>('TurnPrompt')
  .implement({
    description: 'Exactly what the model was sent first. For people who write instructions.',
    fields: (t) => ({
      instructions: t.exposeString('instructions', {
        description: 'The rendered instructions with the block of data about the identity.',
      }),
      messages: t.field({
        type: [PromptMessageType],
        description: 'All messages in order, the instructions first.',
        resolve: ({ messages }) => messages,
      }),
      hash: t.exposeString('hash', {
        description: 'SHA-256 of the messages as JSON, in hex: equal prompts have equal hashes.',
      }),
    }),
  });

builder.prismaObjectField(TurnType, 'prompt', (t) =>
  t.field({
    type: TurnPromptType,
    nullable: true,
    description:
      'Exactly what the model was sent; null before the reply begins. Needs an API key that may read and write.',
    resolve: (turn, _args, ctx) => findPrompt(ctx, turn),
  }),
);

builder.queryField('previewPrompt', (t) =>
  t.field({
    type: TurnPromptType,
    description:
      'What the model would be sent if the identity said this now. Nothing is stored and nobody is asked; for people who write instructions. Needs an API key that may read and write.',
    args: {
      identity: t.arg({ type: IdentityReferenceInput, required: true, description: 'Who would say it.' }),
      channel: t.arg({ type: ChannelReferenceInput, required: true, description: 'Where.' }),
      text: t.arg.string({ required: true, description: 'What would be said.' }),
      asIfStage: t.arg({ type: StageReferenceInput, description: 'As if the identity were in this stage.' }),
      instructions: t.arg.string({
        description:
          'As if these were the instructions of the assistant that answers. A mistake is told with line and column.',
      }),
    },
    resolve: (_root, { identity, channel, asIfStage, ...rest }, ctx) =>
      previewPrompt(ctx, {
        identity: toIdentityReference(identity),
        channel: toChannelReference(channel),
        asIfStage: asIfStage && toStageReference(asIfStage),
        ...rest,
      }),
  }),
);
