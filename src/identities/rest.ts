import { z } from 'zod';
import { answerOf, anyObject, bodyOf, documentsOf, EXAMPLE_TIME, idOf, listOf } from '../http/documented.ts';
import { answer, PAGE, type RestApi, readBody, readPage } from '../http/rest.ts';
import { exampleId } from '../ids.ts';
import { parseInput } from '../input.ts';
import type { Erasure } from './erasure.ts';
import { assignStageBody, identityReference, upsertIdentityInput } from './model.ts';
import {
  assignStage,
  deleteIdentity,
  getIdentity,
  type IdentityWithStage,
  listIdentities,
  upsertIdentity,
  WITH_STAGE,
} from './operations.ts';

const identity = answerOf(
  'Identity',
  {
    id: idOf('Identity'),
    externalId: z.string().nullable().describe('What you call it.'),
    name: z.string().nullable(),
    phone: z.string().nullable(),
    email: z.string().nullable(),
    metadata: anyObject,
    stage: z.string().nullable().describe('The key of its stage; null: it is in none.'),
    stageId: idOf('Stage').nullable(),
    stageEnteredAt: z.date().nullable(),
    createdAt: z.date(),
    updatedAt: z.date(),
  },
  {
    id: exampleId('Identity'),
    external_id: 'ada',
    name: 'Ada',
    phone: null,
    email: 'ada@example.com',
    metadata: { plan: 'pro' },
    stage: 'onboarding',
    stage_id: exampleId('Stage'),
    stage_entered_at: EXAMPLE_TIME,
    created_at: EXAMPLE_TIME,
    updated_at: EXAMPLE_TIME,
  },
);
const erasure = answerOf(
  'Erasure',
  {
    id: idOf('Identity'),
    conversations: z.int(),
    turns: z.int(),
    messages: z.int(),
    memory: z.int(),
    transitions: z.int(),
    prompts: z.int().describe('Rendered instructions that nobody else was answered with.'),
  },
  { id: exampleId('Identity'), conversations: 1, turns: 2, messages: 4, memory: 1, transitions: 1, prompts: 1 },
);

const about = documentsOf('Identities');

export function identityRoutes(api: RestApi): void {
  const lists = about('listIdentities', 'List the identities', {
    description: 'Oldest first.',
    query: PAGE,
    answers: { 200: listOf(identity) },
  });
  api.get('/identity', lists, async (c) => {
    const identities = await listIdentities(c.var.ctx, { ...WITH_STAGE, ...readPage(c) });
    return answer(c, 200, 'Identities retrieved successfully', identities.map(toIdentityBody));
  });
  api.get(
    '/identity/:identity_id',
    about('getIdentity', 'Get an identity', { answers: { 200: identity } }),
    async (c) => {
      const found = await getIdentity(c.var.ctx, identityReference(c.req.param('identity_id')));
      return answer(c, 200, 'Identity retrieved successfully', toIdentityBody(found));
    },
  );
  const upserts = about('upsertIdentity', 'Create or change an identity', {
    description:
      'An external id that nobody has yet makes a new identity. What is left out stays as it is, null clears.',
    body: bodyOf(upsertIdentityInput, { name: 'Ada', email: 'ada@example.com', metadata: { plan: 'pro' } }),
    answers: { 200: identity, 201: identity.as({ stage: null, stage_id: null, stage_entered_at: null }) },
    problems: { 404: 'There is no identity with this id.', 409: 'The external id is taken.' },
  });
  api.put('/identity/:identity_id', upserts, async (c) => {
    const by = identityReference(c.req.param('identity_id'));
    const { identity: stored, created } = await upsertIdentity(c.var.ctx, by, await readBody(c));
    return created
      ? answer(c, 201, 'Identity created successfully', toIdentityBody(stored))
      : answer(c, 200, 'Identity updated successfully', toIdentityBody(stored));
  });
  const deletes = about('deleteIdentity', 'Erase an identity', {
    description: 'With its conversations, memory and moves. It cannot be undone; the answer counts what went.',
    answers: { 200: erasure },
  });
  api.delete('/identity/:identity_id', deletes, async (c) => {
    const erased = await deleteIdentity(c.var.ctx, identityReference(c.req.param('identity_id')));
    return answer(c, 200, 'Identity deleted successfully', toErasureBody(erased));
  });
  const assigns = about('assignStage', 'Move an identity into a stage', {
    description: 'The move is logged, and the effects of the stage are set off. Its present stage changes nothing.',
    body: bodyOf(assignStageBody, { stage_id: 'considering', metadata: { reason: 'asked for prices' } }),
    answers: { 200: identity.as({ stage: 'considering' }) },
    problems: {
      404: 'There is no such identity or stage.',
      409: 'It is not in the expected stage, or the stage is archived or may not follow the present one.',
    },
  });
  api.post('/identity/:identity_id/stage', assigns, async (c) => {
    const by = identityReference(c.req.param('identity_id'));
    const assigned = await assignStage(c.var.ctx, by, parseInput(assignStageBody, await readBody(c)));
    return answer(c, 200, 'Stage assigned successfully', toIdentityBody(assigned.identity));
  });
}

/** An identity as the older API shows it; `stage` is the key, as templates read it. */
function toIdentityBody({ stage, ...rest }: IdentityWithStage): Record<string, unknown> {
  return identity.of({ ...rest, stage: stage?.key ?? null });
}

function toErasureBody({ identityId: id, memoryEntries: memory, ...counts }: Erasure): Record<string, unknown> {
  return erasure.of({ id, memory, ...counts });
}
