import { createHash } from 'node:crypto';
import type { Prisma, PrismaClient } from './generated/prisma/client.ts';
import { newId } from './ids.ts';
import { apiKeyHint, hashApiKeySecret, newApiKeySecret } from './workspaces/api-keys.ts';

/** Keeps two processes that start together from both making the first workspace. */
const LOCK = Number.parseInt(createHash('sha256').update('milepost first start').digest('hex').slice(0, 8), 16);

export interface FirstStartOptions {
  /** The secret of the first API key; undefined: one is made. */
  apiKey: string | undefined;
  /** Whether to add something one can talk to at once. */
  demo: boolean;
}

/** Gives an empty database its workspace, a first API key and the demo, all or nothing. Returns the key's secret; null when the database is not empty. */
export async function prepareFirstStart(db: PrismaClient, { apiKey, demo }: FirstStartOptions): Promise<string | null> {
  return db.$transaction(async (tx) => {
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(${LOCK}::bigint)`;
    if ((await tx.workspace.count()) > 0) return null;
    const secret = apiKey ?? newApiKeySecret();
    const workspace = await tx.workspace.create({ data: { id: newId('Workspace'), name: 'Default' } });
    await tx.apiKey.create({
      data: {
        id: newId('ApiKey'),
        workspaceId: workspace.id,
        name: 'First key',
        secretHash: hashApiKeySecret(secret),
        secretHint: apiKeyHint(secret),
        permissions: ['READ', 'WRITE'],
      },
    });
    if (demo) await addDemo(tx, workspace.id);
    return secret;
  });
}

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

async function addDemo(tx: Prisma.TransactionClient, workspaceId: string): Promise<void> {
  const stages = STAGES.map(([key, name, description]) => ({ id: newId('Stage'), workspaceId, key, name, description }));
  const worker = { id: newId('Worker'), workspaceId, name: 'Demo worker', timezone: 'UTC' };
  const assistant = { id: newId('Assistant'), workspaceId, workerId: worker.id, name: 'Guide', languages: ['en'], movesStages: true };
  const onboarding = stages[0]?.id as string;
  const identityId = newId('Identity');
  const now = new Date();
  await tx.stage.createMany({ data: stages });
  await tx.worker.create({ data: worker });
  await tx.assistant.create({ data: { ...assistant, instructions: DEMO_INSTRUCTIONS } });
  await tx.worker.update({ where: { id: worker.id }, data: { defaultAssistantId: assistant.id } });
  await tx.channel.create({ data: { id: newId('Channel'), workspaceId, key: 'web', name: 'Web chat', type: 'WEB', workerId: worker.id } });
  await tx.identity.create({
    data: { id: identityId, workspaceId, externalId: 'demo', name: 'Ada', stageId: onboarding, stageEnteredAt: now },
  });
  await tx.stageTransition.create({
    data: { id: newId('StageTransition'), workspaceId, identityId, toStageId: onboarding, cause: 'API', createdAt: now },
  });
}
