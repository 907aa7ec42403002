import type { Assistant, Worker } from '../generated/prisma/client.ts';
import { answer, type RestApi, readBody, readPage } from '../http/rest.ts';
import {
  createAssistant,
  createWorker,
  deleteAssistant,
  deleteWorker,
  getAssistant,
  getWorker,
  listWorkers,
  updateAssistant,
} from './operations.ts';

export function assistantRoutes(api: RestApi): void {
  api.get('/workers', async (c) =>
    answer(c, 200, 'Workers retrieved successfully', (await listWorkers(c.var.ctx, readPage(c))).map(toWorkerBody)),
  );
  api.get('/workers/:worker_id', async (c) => {
    const worker = await getWorker(c.var.ctx, c.req.param('worker_id'));
    return answer(c, 200, 'Worker retrieved successfully', toWorkerBody(worker));
  });
  api.post('/workers', async (c) =>
    answer(c, 201, 'Worker created successfully', toWorkerBody(await createWorker(c.var.ctx, await readBody(c)))),
  );
  api.delete('/workers/:worker_id', async (c) => {
    await deleteWorker(c.var.ctx, c.req.param('worker_id'));
    return answer(c, 200, 'Worker deleted successfully');
  });
  api.post('/workers/:worker_id/assistants', async (c) => {
    const assistant = await createAssistant(c.var.ctx, c.req.param('worker_id'), await readBody(c));
    return answer(c, 201, 'Assistant created successfully', toAssistantBody(assistant));
  });
  api.get('/assistant/:assistant_id', async (c) => {
    const assistant = await getAssistant(c.var.ctx, c.req.param('assistant_id'));
    return answer(c, 200, 'Assistant retrieved successfully', toAssistantBody(assistant));
  });
  api.patch('/assistant/:assistant_id', async (c) => {
    const changes = await readBody(c);
    // The older API answers so on this route alone.
    c.set('invalidInputStatus', 422);
    const assistant = await updateAssistant(c.var.ctx, c.req.param('assistant_id'), changes);
    return answer(c, 200, 'Assistant updated successfully', toAssistantBody(assistant));
  });
  api.delete('/assistant/:assistant_id', async (c) => {
    await deleteAssistant(c.var.ctx, c.req.param('assistant_id'));
    return answer(c, 200, 'Assistant deleted successfully');
  });
}

function toWorkerBody(worker: Worker): Record<string, unknown> {
  return {
    id: worker.id,
    name: worker.name,
    description: worker.description,
    timezone: worker.timezone,
    default_assistant_id: worker.defaultAssistantId,
    created_at: worker.createdAt,
    updated_at: worker.updatedAt,
  };
}

function toAssistantBody(assistant: Assistant): Record<string, unknown> {
  return {
    id: assistant.id,
    worker_id: assistant.workerId,
    name: assistant.name,
    instructions: assistant.instructions,
    instructions_version: assistant.instructionsVersion,
    model: assistant.model,
    provider: assistant.provider,
    languages: assistant.languages,
    moves_stages: assistant.movesStages,
    context_tokens: assistant.contextTokens,
    created_at: assistant.createdAt,
    updated_at: assistant.updatedAt,
  };
}
