import { ChannelReferenceInput } from '../channels/graphql.ts';
import { toChannelReference, type WhenBusy } from '../channels/model.ts';
import { MessageType } from '../conversations/graphql.ts';
import { ConflictError, LimitExceededError, NotFoundError, UnavailableError } from '../errors.ts';
import { builder } from '../graphql/builder.ts';
import { IdentityReferenceInput } from '../identities/graphql.ts';
import { toIdentityReference } from '../identities/model.ts';
import { TurnType } from './graphql.ts';
import type { TurnReference } from './model.ts';
import { cancelTurn, sendMessage } from './operations.ts';

const WhenBusyEnum = builder.enumType('WhenBusy', {
  description: 'What happens to a message while a turn runs in its conversation.',
  values: {
    QUEUE: { description: 'It waits; turns run in the order in which their messages came.' },
    REJECT: { description: 'It is refused with a ConflictError; nothing is stored.' },
    INTERRUPT: { description: 'The running turn is cancelled, its partial reply kept.' },
  } satisfies Record<WhenBusy, { description: string }>,
});

builder.relayMutationField(
  'sendMessage',
  {
    description: 'A message of an identity.',
    inputFields: (t) => ({
      identity: t.field({ type: IdentityReferenceInput, required: true, description: 'Who says it.' }),
      channel: t.field({
        type: ChannelReferenceInput,
        required: true,
        description: "Where; the channel's worker decides who answers.",
      }),
      text: t.string({ required: true, description: 'What is said, at most 100,000 characters, not blank.' }),
      metadata: t.field({ type: 'JSONObject', description: 'Data of the caller, kept with the message.' }),
      clientMessageId: t.string({
        description:
          "The sender's own id of the message, at most 200 characters. Sending again under the same id answers the same turn.",
      }),
      whenBusy: t.field({
        type: WhenBusyEnum,
        description: "What to do while a turn runs; omitted: the channel's setting, else QUEUE.",
      }),
    }),
  },
  {
    description:
      'Says something to the assistant. The message is stored before the model is called; the answer comes as events.',
    errors: { types: [NotFoundError, ConflictError, LimitExceededError, UnavailableError] },
    resolve: (_root, { input: { identity, channel, ...rest } }, ctx) =>
      sendMessage(ctx, { identity: toIdentityReference(identity), channel: toChannelReference(channel), ...rest }),
  },
  {
    description: 'The message and the turn it began.',
    outputFields: (t) => ({
      turn: t.field({
        type: TurnType,
        description: 'The turn; follow it with `turnEvents`.',
        resolve: ({ turn }) => turn,
      }),
      message: t.field({
        type: MessageType,
        description: 'The message as it was stored.',
        resolve: ({ message }) => message,
      }),
      cursor: t.exposeString('cursor', { description: 'Behind it come the events of the turn: give it as `after`.' }),
    }),
  },
);

const ClientMessageReferenceInput = builder.inputType('ClientMessageReference', {
  description: 'Names a turn by what the sender called its message.',
  fields: (t) => ({
    identity: t.field({ type: IdentityReferenceInput, required: true, description: 'Who said it.' }),
    channel: t.field({ type: ChannelReferenceInput, required: true, description: 'Where.' }),
    clientMessageId: t.string({ required: true, description: "The sender's own id of the message." }),
  }),
});

const CancelTurnInput = builder.inputType('CancelTurnInput', {
  description: 'Which turn to stop; exactly one of the two.',
  isOneOf: true,
  fields: (t) => ({
    turnId: t.id({ description: 'The id `sendMessage` answered with.' }),
    message: t.field({
      type: ClientMessageReferenceInput,
      description: "The message of the turn, by the sender's own id.",
    }),
  }),
});

/** What `@oneOf` has checked already, as the model's type. */
function toTurnReference({ turnId, message }: typeof CancelTurnInput.$inferInput): TurnReference {
  if (turnId != null) return { turnId };
  const { identity, channel, clientMessageId } = message as NonNullable<typeof message>;
  return {
    message: { identity: toIdentityReference(identity), channel: toChannelReference(channel), clientMessageId },
  };
}

builder.relayMutationField(
  'cancelTurn',
  CancelTurnInput,
  {
    description:
      'Stops a turn, before or while the model answers; what was said until then is kept. A turn that has ended stays as it is.',
    errors: { types: [NotFoundError] },
    resolve: async (_root, { input }, ctx) => ({
      turn: await cancelTurn(ctx, toTurnReference(input as typeof CancelTurnInput.$inferInput)),
    }),
  },
  {
    description: 'The turn that was asked to stop.',
    outputFields: (t) => ({
      turn: t.field({
        type: TurnType,
        description: 'The turn as it is now; a running one ends a moment later.',
        resolve: ({ turn }) => turn,
      }),
    }),
  },
);
