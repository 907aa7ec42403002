import { z } from 'zod';
import { InvalidInputError } from '../errors.ts';
import type { Stage } from '../generated/prisma/client.ts';
import { answerOf, anyObject, bodyOf, documentsOf, EXAMPLE_TIME, idOf, listOf } from '../http/documented.ts';
import { answer, type RestApi, readBody } from '../http/rest.ts';
import { exampleId } from '../ids.ts';
import { parseInput } from '../input.ts';
import { createStageInput, effectsOf, type StageEffect, stageBody, stageReference, updateStageInput } from './model.ts';
import { createStage, getStage, listStages, updateStage } from './operations.ts';

const stage = answerOf(
  'Stage',
  {
    id: idOf('Stage'),
    key: z.string().describe('Its readable name; it never changes.'),
    name: z.string(),
    description: z.string().nullable(),
    metadata: anyObject,
    effects: z
      .array(
        z.union([
          z.object({ opening_message: z.object({ channel_id: idOf('Channel'), text: z.string() }) }),
          z.object({ move_after: z.object({ seconds: z.int(), stage_id: idOf('Stage') }) }),
          z.object({ webhook: z.object({ url: z.string(), secret_set: z.literal(true) }) }),
        ]),
      )
      .optional()
      .describe('What happens to those who enter; left out where nothing does.'),
    createdAt: z.date(),
    updatedAt: z.date(),
  },
  {
    id: exampleId('Stage'),
    key: 'onboarding',
    name: 'Onboarding',
    description: 'Has just signed up',
    metadata: { color: 'green' },
    created_at: EXAMPLE_TIME,
    updated_at: EXAMPLE_TIME,
  },
);

const about = documentsOf('Stages');
const IN_OLDER_WORDS = { effects: stageBody.shape };

export function stageRoutes(api: RestApi): void {
  const lists = about('listStages', 'List the stages', {
    description: 'Oldest first.',
    answers: { 200: listOf(stage) },
  });
  api.get('/stages', lists, async (c) =>
    answer(c, 200, 'Stages retrieved successfully', (await listStages(c.var.ctx)).map(toStageBody)),
  );
  api.get('/stages/:stage_id', about('getStage', 'Get a stage', { answers: { 200: stage } }), async (c) => {
    const found = await getStage(c.var.ctx, stageReference(c.req.param('stage_id')));
    return answer(c, 200, 'Stage retrieved successfully', toStageBody(found));
  });
  const creates = about('createStage', 'Create a stage', {
    description: 'Its key is made from the name unless it is given, and never changes.',
    body: bodyOf(
      createStageInput,
      { name: 'Purchased', description: 'Has paid', metadata: { color: 'gold' } },
      IN_OLDER_WORDS,
    ),
    answers: {
      201: stage.as({
        ...{ key: 'purchased', name: 'Purchased' },
        ...{ description: 'Has paid', metadata: { color: 'gold' } },
      }),
    },
    problems: { 409: 'The key is taken.' },
  });
  api.post('/stages', creates, async (c) => {
    const created = await createStage(c.var.ctx, parseInput(stageBody, await readBody(c))).catch(inItsWords);
    return answer(c, 201, 'Stage created successfully', toStageBody(created));
  });
  const updates = about('updateStage', 'Change a stage', {
    description: 'What is left out stays as it is, null clears.',
    body: bodyOf(updateStageInput, { description: 'First steps' }, IN_OLDER_WORDS),
    answers: { 200: stage.as({ description: 'First steps' }) },
    problems: { 404: 'There is no such stage.' },
  });
  api.put('/stages/:stage_id', updates, async (c) => {
    const by = stageReference(c.req.param('stage_id'));
    const updated = await updateStage(c.var.ctx, by, parseInput(stageBody, await readBody(c))).catch(inItsWords);
    return answer(c, 200, 'Stage updated successfully', toStageBody(updated));
  });
}

/** Names the fields of effects as this API spells them. */
function inItsWords(error: unknown): never {
  if (!(error instanceof InvalidInputError)) throw error;
  const reworded = (path: string) =>
    path.startsWith('effects.')
      ? path
          .replace(/(channel|stage)$/, '$1_id')
          .replace('openingMessage', 'opening_message')
          .replace('moveAfter', 'move_after')
      : path;
  throw new InvalidInputError(error.issues.map(({ path, message }) => ({ path: reworded(path), message })));
}

function toEffectBody(effect: StageEffect) {
  switch (effect.type) {
    case 'openingMessage':
      return { opening_message: { channel_id: effect.channelId, text: effect.text } };
    case 'moveAfter':
      return { move_after: { seconds: effect.seconds, stage_id: effect.stageId } };
    case 'webhook':
      return { webhook: { url: effect.url, secret_set: true as const } };
  }
}

/** A stage as the older API shows it; effects, which it did not have, only where there are some. */
function toStageBody(row: Stage): Record<string, unknown> {
  const effects = effectsOf(row).map(toEffectBody);
  return stage.of({ ...row, effects: effects.length > 0 ? effects : undefined });
}
