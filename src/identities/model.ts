import { z } from 'zod';
import { atLeast, atMost, metadata, nonBlankText, text } from '../input.ts';
import { stageByName, stageReference } from '../stages/model.ts';

/** An identity by its id or by the caller's own id for it. */
export type IdentityReference = { id: string } | { externalId: string };

const ID_PREFIX = 'idn_';

/** What an older caller means by `identity_id`: an id, or else an external id. */
export function identityReference(id: string): IdentityReference {
  return id.startsWith(ID_PREFIX) ? { id } : { externalId: id };
}

/** What `@oneOf` has checked already, as a reference. */
export function toIdentityReference(input: { id?: string | null; externalId?: string | null }): IdentityReference {
  return input as IdentityReference;
}

const externalId = nonBlankText.check(atMost(() => 200)).refine((value) => !value.startsWith(ID_PREFIX), {
  error: `must not begin with ${ID_PREFIX}, as ids of identities do`,
});

const profile = {
  name: text
    .trim()
    .check(atMost(() => 200))
    .nullish(),
  phone: text
    .trim()
    .check(atMost(() => 50))
    .nullish(),
  email: text
    .trim()
    .check(atMost(() => 320))
    .nullish(),
  metadata: metadata.optional(),
};

/** Omitted keeps, null clears; the external id can be changed but not cleared. */
export const upsertIdentityInput = z.object({ externalId: externalId.optional(), ...profile });

export const newIdentityInput = z.object({ externalId, ...profile });

export const assignStageInput = z.object({
  stage: stageByName,
  expectedStage: stageByName.nullish(),
  metadata: metadata.default({}),
});

/** The same as older callers write it: stages by id or key. */
export const assignStageBody = z
  .object({ stageId: z.string(), expectedStageId: z.string().nullish(), metadata: metadata.optional() })
  .transform(({ stageId, expectedStageId, ...rest }) => ({
    stage: stageReference(stageId),
    expectedStage: expectedStageId == null ? null : stageReference(expectedStageId),
    ...rest,
  }));

export const searchInput = z.object({ search: text.check(atMost(() => 200)).nullish() });

export const createAccessTokenInput = z.object({
  permissions: z
    .array(z.enum(['READ', 'WRITE']))
    .check(atLeast(1, 'items'))
    .default(['READ', 'WRITE'])
    .transform((permissions) => [...new Set(permissions)]),
  lifetimeMinutes: z.number().int().min(1).max(120).default(15),
});
