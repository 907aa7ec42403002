import type { MemoryEntry } from '../generated/prisma/client.ts';
import { answer, type RestApi } from '../http/rest.ts';
import { identityReference } from '../identities/model.ts';
import { listMemory } from './operations.ts';

export function memoryRoutes(api: RestApi): void {
  api.get('/memory/from/:identity_id', async (c) => {
    const entries = await listMemory(c.var.ctx, identityReference(c.req.param('identity_id')));
    return answer(c, 200, 'Memory retrieved successfully', entries.map(toMemoryBody));
  });
}

function toMemoryBody({ key, value, source, confidence, createdAt, updatedAt }: MemoryEntry): Record<string, unknown> {
  return { key, value, metadata: { source, confidence }, created_at: createdAt, updated_at: updatedAt };
}
