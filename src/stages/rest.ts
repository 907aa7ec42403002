import { InvalidInputError } from '../errors.ts';
import type { Stage } from '../generated/prisma/client.ts';
import { answer, type RestApi, readBody } from '../http/rest.ts';
import { parseInput } from '../input.ts';
import { effectsOf, type StageEffect, stageBody, stageReference } from './model.ts';
import { createStage, getStage, listStages, updateStage } from './operations.ts';

export function stageRoutes(api: RestApi): void {
  api.get('/stages', async (c) =>
    answer(c, 200, 'Stages retrieved successfully', (await listStages(c.var.ctx)).map(toStageBody)),
  );
  api.get('/stages/:stage_id', async (c) =>
    answer(
      c,
      200,
      'Stage retrieved successfully',
      toStageBody(await getStage(c.var.ctx, stageReference(c.req.param('stage_id')))),
    ),
  );
  api.post('/stages', async (c) => {
    const stage = await createStage(c.var.ctx, parseInput(stageBody, await readBody(c))).catch(inItsWords);
    return answer(c, 201, 'Stage created successfully', toStageBody(stage));
  });
  api.put('/stages/:stage_id', async (c) => {
    const by = stageReference(c.req.param('stage_id'));
    const stage = await updateStage(c.var.ctx, by, parseInput(stageBody, await readBody(c))).catch(inItsWords);
    return answer(c, 200, 'Stage updated successfully', toStageBody(stage));
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

function toEffectBody(effect: StageEffect): Record<string, unknown> {
  switch (effect.type) {
    case 'openingMessage':
      return { opening_message: { channel_id: effect.channelId, text: effect.text } };
    case 'moveAfter':
      return { move_after: { seconds: effect.seconds, stage_id: effect.stageId } };
    case 'webhook':
      return { webhook: { url: effect.url, secret_set: true } };
  }
}

/** A stage as the older API shows it; effects, which it did not have, only where there are some. */
export function toStageBody(stage: Stage): Record<string, unknown> {
  const effects = effectsOf(stage).map(toEffectBody);
  return {
    id: stage.id,
    key: stage.key,
    name: stage.name,
    description: stage.description,
    metadata: stage.metadata,
    ...(effects.length > 0 && { effects }),
    created_at: stage.createdAt,
    updated_at: stage.updatedAt,
  };
}
