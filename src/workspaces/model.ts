import { z } from 'zod';
import { displayName } from '../input.ts';

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

export const createApiKeyInput = z.object({
  name: displayName,
  permissions: z
    .array(permission)
    .min(1)
    .transform((sets) => [...new Set(sets.flat())]),
});
