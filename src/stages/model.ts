import { z } from 'zod';
import { entityOf, isId } from '../ids.ts';
import { displayName, jsonObject, slug, text } from '../input.ts';

/** A stage by its id or by its key. */
export type StageReference = { id: string } | { key: string };

const key = slug.refine((value) => entityOf(value) === null, { error: 'must not look like an id' });

export const createStageInput = z
  .object({
    name: displayName,
    key: key.optional(),
    description: text.nullish(),
    metadata: jsonObject.default({}),
    assistantId: z.string().nullish(),
  })
  .transform((input, context) => {
    const chosen = input.key ?? stageKeyFrom(input.name);
    if (chosen) return { ...input, key: chosen };
    context.addIssue({ code: 'custom', path: ['key'], message: 'is required when the name has no latin letters or digits' });
    return z.NEVER;
  });

/** Omitted keeps, null clears. */
export const updateStageInput = z.object({
  name: displayName.optional(),
  description: text.nullish(),
  metadata: jsonObject.optional(),
  assistantId: z.string().nullish(),
});

/** The key a name gives: small latin letters and digits, everything else folded into `_`; empty when nothing is left. */
export function stageKeyFrom(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '_')
    .replace(/^[_-]+|[_-]+$/g, '');
}

/** What an older caller means by `stage_id`: an id, or else a key. */
export function stageReference(idOrKey: string): StageReference {
  return isId('Stage', idOrKey) ? { id: idOrKey } : { key: idOrKey };
}
