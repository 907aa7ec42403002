import { z } from 'zod';
import { isId } from '../ids.ts';
import { displayName, jsonObject, readableKey, withKey } from '../input.ts';

/** A channel by its id or by its key. */
export type ChannelReference = { id: string } | { key: string };

/** The shape of a reference, for input that has not been checked by a schema yet. */
export const channelByName = z.union([z.object({ id: z.string() }), z.object({ key: z.string() })]);

/** What an older caller means by `channel_id`: an id, or else a key. */
export function channelReference(idOrKey: string): ChannelReference {
  return isId('Channel', idOrKey) ? { id: idOrKey } : { key: idOrKey };
}

/** What `@oneOf` has checked already, as a reference. */
export function toChannelReference(input: { id?: string | null; key?: string | null }): ChannelReference {
  return input as ChannelReference;
}

const type = z
  .string()
  .transform((word) => word.toUpperCase())
  .pipe(z.enum(['WEB', 'WHATSAPP', 'CUSTOM'], { error: 'must be web, whatsapp or custom' }));

/** What happens to a message while a turn runs in its conversation. */
export const WHEN_BUSY = ['QUEUE', 'REJECT', 'INTERRUPT'] as const;
export type WhenBusy = (typeof WHEN_BUSY)[number];

/** Free but for `whenBusy`, which decides what becomes of a message while a turn runs; null clears them. */
const settings = jsonObject
  .nullable()
  .transform((value) => value ?? {})
  .superRefine((value, context) => {
    if (value.whenBusy === undefined || (WHEN_BUSY as readonly unknown[]).includes(value.whenBusy)) return;
    context.addIssue({ code: 'custom', path: ['whenBusy'], message: `must be ${WHEN_BUSY.join(', ')}` });
  });

const ABOUT_SETTINGS =
  'Data of yours. `whenBusy` (`QUEUE`, `REJECT` or `INTERRUPT`) says what becomes of a message that comes while a reply is under way.';
const ABOUT_WORKER = 'The worker that answers; null: nobody.';

export const createChannelInput = z
  .object({
    name: displayName,
    key: readableKey.nullish(),
    type: type
      .nullish()
      .transform((chosen) => chosen ?? 'WEB')
      .describe('`web`, `whatsapp` or `custom`; by default `web`.'),
    settings: settings.optional().describe(ABOUT_SETTINGS),
    active: z
      .boolean()
      .nullish()
      .transform((active) => active ?? true),
    workerId: z.string().nullish().describe(ABOUT_WORKER),
  })
  .transform(withKey);

/** Omitted keeps, null clears. */
export const updateChannelInput = z.object({
  name: displayName.optional(),
  settings: settings.optional().describe(ABOUT_SETTINGS),
  active: z.boolean().optional(),
  workerId: z.string().nullish().describe(ABOUT_WORKER),
});

/** The same as older callers write it: they say `is_active`. */
export const channelBody = z
  .looseObject({ isActive: z.boolean().optional() })
  .transform(({ isActive, ...body }) => (isActive === undefined ? body : { ...body, active: isActive }));
