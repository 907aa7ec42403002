import type { Stage } from '../generated/prisma/client.ts';
import { answer, type RestApi, readBody } from '../http/rest.ts';
import { stageReference } from './model.ts';
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
  api.post('/stages', async (c) =>
    answer(c, 201, 'Stage created successfully', toStageBody(await createStage(c.var.ctx, await readBody(c)))),
  );
  api.put('/stages/:stage_id', async (c) => {
    const stage = await updateStage(c.var.ctx, stageReference(c.req.param('stage_id')), await readBody(c));
    return answer(c, 200, 'Stage updated successfully', toStageBody(stage));
  });
}

/** A stage as the older API shows it. */
export function toStageBody(stage: Stage): Record<string, unknown> {
  return {
    id: stage.id,
    key: stage.key,
    name: stage.name,
    description: stage.description,
    metadata: stage.metadata,
    created_at: stage.createdAt,
    updated_at: stage.updatedAt,
  };
}
