import { ChannelType } from '../channels/graphql.ts';
import type { Channel } from '../generated/prisma/client.ts';
import { builder } from '../graphql/builder.ts';
import { StageReferenceInput, StageType } from '../stages/graphql.ts';
import { toStageReference } from '../stages/model.ts';
import { requireOperatorRead } from '../workspaces/access.ts';
import { LiveJourney } from './live-journey.ts';
import { type ConversionCounts, checkSpan, type JourneySpan } from './model.ts';
import {
  type JourneyCounts,
  type JourneyFlowCounts,
  type JourneyStageCounts,
  listJourneyChannels,
  readConversion,
  readJourney,
} from './operations.ts';

/** A journey whose counts are read once they are asked for. */
interface JourneyView {
  span: JourneySpan;
  /** Only identities that talk over it; undefined: all. */
  channel?: Channel;
  counts?: Promise<JourneyCounts>;
}

const countsOf = (view: JourneyView, ctx: Parameters<typeof readJourney>[0]): Promise<JourneyCounts> => {
  view.counts ??= readJourney(ctx, view.span, view.channel?.id);
  return view.counts;
};

const JourneyStageType = builder.objectRef<JourneyStageCounts>('JourneyStage').implement({
  description: 'What happened around one stage in the span of the journey.',
  fields: (t) => ({
    stage: t.expose('stage', {
      type: StageType,
      description: 'The stage; an archived one is listed while there is something to count.',
    }),
    current: t.exposeInt('current', { description: 'Identities in it now, whatever the span.' }),
    entered: t.exposeInt('entered', { description: 'Moves into it within the span.' }),
    left: t.exposeInt('left', { description: 'Moves out of it within the span.' }),
    medianSeconds: t.exposeFloat('medianSeconds', {
      nullable: true,
      description: 'How long half of those who left had stayed at most, in seconds; null when nobody left.',
    }),
    p90Seconds: t.exposeFloat('p90Seconds', {
      nullable: true,
      description: 'How long nine of ten who left had stayed at most, in seconds; null when nobody left.',
    }),
  }),
});

const JourneyFlowType = builder.objectRef<JourneyFlowCounts>('JourneyFlow').implement({
  description: 'The moves from one stage to another within the span of the journey.',
  fields: (t) => ({
    fromStage: t.expose('fromStage', {
      type: StageType,
      nullable: true,
      description: 'Where they came from; null for those who were in no stage.',
    }),
    toStage: t.expose('toStage', { type: StageType, description: 'Where they went.' }),
    count: t.exposeInt('count', { description: 'How many moves there were.' }),
    medianSeconds: t.exposeFloat('medianSeconds', {
      nullable: true,
      description: 'The median time in the stage before the move, in seconds; null for moves out of no stage.',
    }),
    p90Seconds: t.exposeFloat('p90Seconds', {
      nullable: true,
      description:
        'The time in the stage before the move that nine of ten stayed below, in seconds; null for moves out of no stage.',
    }),
  }),
});

const JourneyConversionType = builder.objectRef<ConversionCounts>('JourneyConversion').implement({
  description: 'How many of those who entered one stage came to another one afterwards, by whatever way.',
  fields: (t) => ({
    entered: t.exposeInt('entered', { description: 'Identities that entered the first stage within the span.' }),
    converted: t.exposeInt('converted', {
      description: 'Those of them that entered the second stage later, up to the end of the span.',
    }),
    rate: t.float({
      nullable: true,
      description: 'The converted as a share of the entered, from 0 to 1; null when nobody entered.',
      resolve: ({ entered, converted }) => (entered === 0 ? null : converted / entered),
    }),
    medianSeconds: t.exposeFloat('medianSeconds', {
      nullable: true,
      description: 'The median time between the two, in seconds; null when nobody converted.',
    }),
  }),
});

const JourneyType = builder.objectRef<JourneyView>('Journey').implement({
  description: 'How identities move through the stages, counted over a span of time. Needs an API key.',
  fields: (t) => ({
    stages: t.field({
      type: [JourneyStageType],
      description: 'Every stage, oldest first.',
      resolve: async (view, _args, ctx) => (await countsOf(view, ctx)).stages,
    }),
    flows: t.field({
      type: [JourneyFlowType],
      description: 'Every pair of stages between which somebody moved.',
      resolve: async (view, _args, ctx) => (await countsOf(view, ctx)).flows,
    }),
    conversion: t.field({
      type: JourneyConversionType,
      description: 'From one stage to another, directly or through others. It fails when there is no such stage.',
      args: {
        from: t.arg({ type: StageReferenceInput, required: true, description: 'The stage that is entered first.' }),
        to: t.arg({ type: StageReferenceInput, required: true, description: 'The stage that is hoped for.' }),
      },
      resolve: ({ span, channel }, { from, to }, ctx) =>
        readConversion(ctx, span, { from: toStageReference(from), to: toStageReference(to) }, channel?.id),
    }),
  }),
});

const ChannelJourneyType = builder.objectRef<JourneyView & { channel: Channel }>('ChannelJourney').implement({
  description:
    'The journey of those identities that talk over one channel; an identity on two channels is counted on both.',
  fields: (t) => ({
    channel: t.expose('channel', { type: ChannelType, description: 'The channel they talk over.' }),
    journey: t.field({ type: JourneyType, description: 'Their journey, over the same span.', resolve: (view) => view }),
  }),
});

builder.objectField(JourneyType, 'channels', (t) =>
  t.field({
    type: [ChannelJourneyType],
    description: 'The journey split by channel. Empty inside such a part.',
    resolve: async ({ span, channel }, _args, ctx) =>
      channel ? [] : (await listJourneyChannels(ctx)).map((each) => ({ span, channel: each })),
  }),
);

builder.queryField('journey', (t) =>
  t.field({
    type: JourneyType,
    description: 'How identities have moved through the stages.',
    args: {
      since: t.arg({ type: 'DateTime', description: 'Count moves from here on; omitted: from the beginning.' }),
      until: t.arg({ type: 'DateTime', description: 'Count moves before this; omitted: until now.' }),
    },
    resolve: (_root, span, ctx) => {
      requireOperatorRead(ctx);
      checkSpan(span);
      return { span };
    },
  }),
);

builder.subscriptionField('journey', (t) =>
  t.field({
    type: JourneyType,
    description: 'The journey now, and again when identities have moved, at most once a second.',
    args: { since: t.arg({ type: 'DateTime', description: 'Count moves from here on; omitted: from the beginning.' }) },
    subscribe: (_root, { since }, ctx) => {
      requireOperatorRead(ctx);
      checkSpan({ since });
      return new LiveJourney(ctx, { since });
    },
    resolve: ({ span }) => ({ span }),
  }),
);
