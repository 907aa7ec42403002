import { z } from 'zod';
import { answerOf, documentsOf, EXAMPLE_TIME, listOf } from '../http/documented.ts';
import { answer, type RestApi } from '../http/rest.ts';
import { identityReference } from '../identities/model.ts';
import { listMemory } from './operations.ts';

const memoryEntry = answerOf(
  'MemoryEntry',
  {
    key: z.string().describe('Names joined by dots.'),
    value: z.unknown().describe('Any JSON value.'),
    metadata: z.object({
      source: z.string().nullable().describe('Who remembered it.'),
      confidence: z.number().nullable().describe('From 0 to 1; null: not said.'),
    }),
    createdAt: z.date(),
    updatedAt: z.date(),
  },
  {
    key: 'preferences.language',
    value: 'en',
    metadata: { source: 'api', confidence: 0.9 },
    created_at: EXAMPLE_TIME,
    updated_at: EXAMPLE_TIME,
  },
);

export function memoryRoutes(api: RestApi): void {
  const lists = documentsOf('Memory')('listMemory', 'List what is remembered of an identity', {
    description: 'At most 1,000 entries, by key.',
    answers: { 200: listOf(memoryEntry) },
  });
  api.get('/memory/from/:identity_id', lists, async (c) => {
    const entries = await listMemory(c.var.ctx, identityReference(c.req.param('identity_id')));
    const shown = entries.map(({ source, confidence, ...entry }) =>
      memoryEntry.of({ ...entry, metadata: { source, confidence } }),
    );
    return answer(c, 200, 'Memory retrieved successfully', shown);
  });
}
