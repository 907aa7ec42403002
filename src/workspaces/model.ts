import { z } from 'zod';
import { atLeast, displayName } from '../input.ts';

/** The permissions as the contract spells them, and the two older spellings of the pair. */
const PERMISSIONS = {
  READ: ['READ'],
  WRITE: ['WRITE'],
  'READ-ONLY': ['READ'],
  'READ-WRITE': ['READ', 'WRITE'],
  'READ:WRITE': ['READ', 'WRITE'],
} as const;

type Spelling = keyof typeof PERMISSIONS;

const permission = z
  .string()
  .transform((word) => word.toUpperCase())
  .pipe(z.enum(Object.keys(PERMISSIONS) as Spelling[], { error: 'must be read or write' }))
  .transform((word) => PERMISSIONS[word]);

/** GraphQL gives a Date, REST the text of one. */
const instant = z.union([z.date(), z.iso.datetime({ offset: true }).pipe(z.coerce.date())], {
  error: 'must be an instant in ISO 8601, such as 2030-01-31T12:00:00Z',
});

export const createWorkspaceInput = z.object({ name: displayName });

export const createApiKeyInput = z.object({
  name: displayName,
  expiresAt: instant
    .refine((end) => end.getTime() > Date.now(), { error: 'must be in the future' })
    .nullish()
    .transform((end) => end ?? null)
    .describe('When it ends by itself; null: never.'),
  permissions: z
    .array(permission)
    .check(atLeast(1, 'items'))
    .describe('`read`, `write` or both.')
    .transform((sets) => [...new Set(sets.flat())]),
});
