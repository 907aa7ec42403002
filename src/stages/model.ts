import { z } from 'zod';
import { isId } from '../ids.ts';
import { displayName, metadata, readableKey, text, withKey } from '../input.ts';

/** A stage by its id or by its key. */
export type StageReference = { id: string } | { key: string };

/** The shape of a reference, for input that has not been checked by a schema yet. */
export const stageByName = z.union([z.object({ id: z.string() }), z.object({ key: z.string() })]);

/** The stages that may follow; null: any. */
const allowedNext = z.array(stageByName).max(100).nullish();

export const createStageInput = z
  .object({
    allowedNext,
    name: displayName,
    key: readableKey.nullish(),
    description: text.nullish(),
    metadata: metadata.default({}),
    assistantId: z.string().nullish(),
  })
  .transform(withKey);

/** Omitted keeps, null clears. */
export const updateStageInput = z.object({
  allowedNext,
  name: displayName.optional(),
  description: text.nullish(),
  metadata: metadata.optional(),
  assistantId: z.string().nullish(),
});

/** What an older caller means by `stage_id`: an id, or else a key. */
export function stageReference(idOrKey: string): StageReference {
  return isId('Stage', idOrKey) ? { id: idOrKey } : { key: idOrKey };
}
