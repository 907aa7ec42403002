import type { Prisma } from './generated/prisma/client.ts';
import { newId } from './ids.ts';

const STAGES = [
  ['onboarding', 'Onboarding', 'Has just signed up and is finding the way around'],
  ['considering', 'Considering', 'Knows what there is and compares'],
  ['purchased', 'Purchased', 'Has bought something'],
  ['needs_help', 'Needs help', 'Has a problem that keeps them from going on'],
] as const;

/** What the demo's assistant is told; written to show what templates can do. */
export const DEMO_INSTRUCTIONS = `You are the friendly assistant of a small shop for hiking gear. Keep answers short.
{{#if identity.name}}You are talking to {{identity.name}}.{{/if}}
{{#if identity.stage == "onboarding"}}
They are new here: welcome them, explain what the shop offers, and ask what they are planning.
{{else if identity.stage == "considering"}}
They are choosing: ask what matters to them and help them compare.
{{else if identity.stage == "purchased"}}
They have bought something: help them get the most out of it. Do not sell.
{{else if identity.stage == "needs_help"}}
Something went wrong for them: be calm and concrete, one step at a time.
{{/if}}
{{#if memory.preferences.language}}Answer in {{memory.preferences.language}}.{{/if}}
When they tell you something lasting about themselves, remember it. When they have clearly moved on, move them to the stage they are in.`;

/** Adds something one can talk to at once: stages, an assistant on the channel `web`, the identity `demo`, and others whose journey can be looked at. */
export async function addDemo(tx: Prisma.TransactionClient, workspaceId: string): Promise<void> {
  const now = new Date();
  const stages = STAGES.map(([key, name, description], place) => ({
    ...{ id: newId('Stage'), workspaceId, key, name, description },
    // Lists show stages by age: in the order of the journey.
    createdAt: new Date(now.getTime() + place),
  }));
  const worker = { id: newId('Worker'), workspaceId, name: 'Demo worker', timezone: 'UTC' };
  const assistant = {
    id: newId('Assistant'),
    workspaceId,
    workerId: worker.id,
    name: 'Guide',
    languages: ['en'],
    movesStages: true,
  };
  const onboarding = stages[0]?.id as string;
  const identityId = newId('Identity');
  await tx.stage.createMany({ data: stages });
  await tx.worker.create({ data: worker });
  await tx.assistant.create({ data: { ...assistant, instructions: DEMO_INSTRUCTIONS } });
  await tx.worker.update({ where: { id: worker.id }, data: { defaultAssistantId: assistant.id } });
  await tx.channel.create({
    data: { id: newId('Channel'), workspaceId, key: 'web', name: 'Web chat', type: 'WEB', workerId: worker.id },
  });
  await tx.identity.create({
    data: { id: identityId, workspaceId, externalId: 'demo', name: 'Ada', stageId: onboarding, stageEnteredAt: now },
  });
  await tx.stageTransition.create({
    data: {
      id: newId('StageTransition'),
      workspaceId,
      identityId,
      toStageId: onboarding,
      cause: 'API',
      createdAt: now,
    },
  });
  await addTravellers(tx, workspaceId, new Map(stages.map(({ key, id }) => [key, id])), now);
}

const NAMES = [
  'Amara',
  'Bo',
  'Chidi',
  'Dana',
  'Emil',
  'Farah',
  'Gus',
  'Hana',
  'Ivo',
  'Jun',
  'Kofi',
  'Lena',
  'Mira',
  'Noor',
  'Oskar',
];

/** Ways through the stages, with the days spent in each; they repeat over the travellers. */
const WAYS: [stage: string, days: number][][] = [
  [
    ['onboarding', 2],
    ['considering', 5],
    ['purchased', 0],
  ],
  [
    ['onboarding', 1],
    ['considering', 9],
    ['purchased', 3],
    ['needs_help', 1],
    ['purchased', 0],
  ],
  [
    ['onboarding', 6],
    ['considering', 0],
  ],
  [
    ['onboarding', 3],
    ['considering', 4],
    ['needs_help', 2],
    ['considering', 6],
    ['purchased', 0],
  ],
  [['onboarding', 0]],
  [
    ['onboarding', 1],
    ['needs_help', 0],
  ],
  [
    ['onboarding', 4],
    ['considering', 12],
    ['purchased', 0],
  ],
];
const DAY_MS = 86_400_000;
const TRAVELLERS = 45;
const ARRIVAL_DAYS = 30;

/** Identities that have come over the last month and gone different ways: a journey worth looking at. */
async function addTravellers(
  tx: Prisma.TransactionClient,
  workspaceId: string,
  stages: ReadonlyMap<string, string>,
  now: Date,
): Promise<void> {
  const travellers = Array.from({ length: TRAVELLERS }, (_, index) => {
    const way = WAYS[index % WAYS.length] as (typeof WAYS)[number];
    const arrivedAt = now.getTime() - ARRIVAL_DAYS * DAY_MS + (index * (ARRIVAL_DAYS - 1) * DAY_MS) / TRAVELLERS;
    return { id: newId('Identity'), index, moves: movesOf(way, arrivedAt, index, now.getTime()) };
  });
  await tx.identity.createMany({
    data: travellers.map(({ id, index, moves }) => {
      const [first, last] = [moves[0] as TravellerMove, moves.at(-1) as TravellerMove];
      const name = NAMES[index % NAMES.length] as string;
      const stage = { stageId: stages.get(last.to) as string, stageEnteredAt: last.at };
      return { id, workspaceId, externalId: `demo-${index + 1}`, name, ...stage, createdAt: first.at };
    }),
  });
  await tx.stageTransition.createMany({
    data: travellers.flatMap(({ id, moves }) =>
      moves.map(({ from, to, at }) => ({
        ...{ id: newId('StageTransition'), workspaceId, identityId: id, cause: 'API' as const, createdAt: at },
        ...{ fromStageId: from && (stages.get(from.to) as string), fromEnteredAt: from?.at ?? null },
        toStageId: stages.get(to) as string,
      })),
    ),
  });
}

interface TravellerMove {
  from: { to: string; at: Date } | null;
  to: string;
  at: Date;
}

/** The moves along a way as far as time has allowed; everybody has a pace of their own. */
function movesOf(way: [stage: string, days: number][], arrivedAt: number, index: number, now: number): TravellerMove[] {
  const moves: TravellerMove[] = [];
  let at = arrivedAt;
  for (const [to, days] of way) {
    if (at > now) break;
    moves.push({ from: moves.at(-1) ?? null, to, at: new Date(at) });
    at += days * DAY_MS * (0.5 + (index % 5) / 4);
  }
  return moves;
}
