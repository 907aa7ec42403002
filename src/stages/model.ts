import { z } from 'zod';
import { template } from '../assistants/model.ts';
import { channelByName, channelReference } from '../channels/model.ts';
import { isId } from '../ids.ts';
import { atMost, displayName, metadata, readableKey, text, withKey } from '../input.ts';

/** A stage by its id or by its key. */
export type StageReference = { id: string } | { key: string };

/** What `@oneOf` has checked already, as the model's type. */
export function toStageReference(input: { id?: string | null; key?: string | null }): StageReference {
  return input as StageReference;
}

/** The shape of a reference, for input that has not been checked by a schema yet. */
export const stageByName = z.union([z.object({ id: z.string() }), z.object({ key: z.string() })]);

/** The stages that may follow; null: any. */
const allowedNext = z
  .array(stageByName)
  .check(atMost(() => 100, 'items'))
  .nullish()
  .describe('The stages that may follow; null: any.');

const MAX_EFFECTS = 20;
const YEAR_SECONDS = 366 * 24 * 3600;

const webhookUrl = text
  .check(atMost(() => 2000))
  .pipe(z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }))
  .refine((url) => !hasCredentials(URL.parse(url)), { error: 'must not contain credentials' });

function hasCredentials(url: URL | null): boolean {
  return Boolean(url?.username || url?.password);
}

/** A key of the Standard Webhooks specification: 24 to 64 bytes. */
const webhookSecret = z.string().refine(
  (secret) => {
    const [, key] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
    const bytes = key && z.base64().safeParse(key).success ? Math.floor((key.replaceAll('=', '').length * 3) / 4) : 0;
    return bytes >= 24 && bytes <= 64;
  },
  { error: 'must be `whsec_` and 24 to 64 bytes in base64' },
);

const seconds = z.number().int().min(1).max(YEAR_SECONDS);
const webhook = z.object({ url: webhookUrl, secret: webhookSecret.nullish() }).nullish();

const effect = z
  .object({
    openingMessage: z.object({ channel: channelByName, text: template }).nullish(),
    moveAfter: z.object({ seconds, stage: stageByName }).nullish(),
    webhook,
  })
  .refine((kinds) => Object.values(kinds).filter((kind) => kind != null).length === 1, {
    error: 'must be exactly one of openingMessage, moveAfter and webhook',
  });

/** What is to happen to an identity that enters the stage; null: nothing. */
const effects = z
  .array(effect)
  .check(atMost(() => MAX_EFFECTS, 'items'))
  .nullish();

export type StageEffectInput = z.output<typeof effect>;

/** What happens to an identity that enters a stage, as it is stored. Each names itself: the kind, and the channel or the URL. */
export type StageEffect =
  | { type: 'openingMessage'; channelId: string; text: string }
  | { type: 'moveAfter'; seconds: number; stageId: string }
  | { type: 'webhook'; url: string /** Sealed. */; secret: string };

/** The stored effects of a stage. */
export function effectsOf({ effects }: { effects: unknown }): StageEffect[] {
  return effects as StageEffect[];
}

export const createStageInput = z
  .object({
    allowedNext,
    effects,
    name: displayName,
    key: readableKey.nullish(),
    description: text.nullish(),
    metadata: metadata.default({}),
    assistantId: z
      .string()
      .nullish()
      .describe('The assistant that answers while an identity is in the stage; null: that of the worker.'),
  })
  .transform(withKey);

/** Omitted keeps, null clears. */
export const updateStageInput = z.object({
  allowedNext,
  effects,
  name: displayName.optional(),
  description: text.nullish(),
  metadata: metadata.optional(),
  assistantId: z
    .string()
    .nullish()
    .describe('The assistant that answers while an identity is in the stage; null: that of the worker.'),
});

/** What an older caller means by `stage_id`: an id, or else a key. */
export function stageReference(idOrKey: string): StageReference {
  return isId('Stage', idOrKey) ? { id: idOrKey } : { key: idOrKey };
}

const referenceBody = z.string({ error: 'must be an id or a key' });

const effectBody = z
  .object({
    opening_message: z
      .object({ channel_id: referenceBody, text: template })
      .transform(({ channel_id, ...rest }) => ({ ...rest, channel: channelReference(channel_id) }))
      .nullish(),
    move_after: z
      .object({ stage_id: referenceBody, seconds })
      .transform(({ stage_id, ...rest }) => ({ ...rest, stage: stageReference(stage_id) }))
      .nullish(),
    webhook,
  })
  .transform(({ opening_message: openingMessage, move_after: moveAfter, ...rest }) => ({
    ...{ openingMessage, moveAfter },
    ...rest,
  }));

/** A stage as older callers write it: the effects in snake_case, channels and stages by id or key. */
export const stageBody = z.looseObject({
  effects: z
    .array(effectBody)
    .nullish()
    .describe('What is to happen to an identity that enters: each exactly one of the three. Null: nothing.'),
});
