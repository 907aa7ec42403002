import { z } from 'zod';
import type { ChannelReference } from '../channels/model.ts';
import type { IdentityReference } from '../identities/model.ts';
import { atLeast, atMost, jsonObject, nonBlankText, text } from '../input.ts';

/** What happens to a message while a turn runs in its conversation. */
export const WHEN_BUSY = ['QUEUE', 'REJECT', 'INTERRUPT'] as const;
export type WhenBusy = (typeof WHEN_BUSY)[number];

const clientMessageId = text
  .trim()
  .superRefine(atLeast(1))
  .superRefine(atMost(() => 200));

export const sendMessageInput = z.object({
  text: nonBlankText,
  metadata: jsonObject.nullish().transform((metadata) => metadata ?? {}),
  clientMessageId: clientMessageId.nullish(),
  whenBusy: z.enum(WHEN_BUSY).nullish(),
});

/** The key of an `Idempotency-Key` header, bare or as the quoted string of the draft standard. */
export function idempotencyKey(header: string | undefined): string | undefined {
  return header === undefined ? undefined : header.trim().replace(/^"(.*)"$/s, '$1');
}

/** A turn by its id, or by what the sender called the message. */
export type TurnReference =
  | { turnId: string }
  | { message: { identity: IdentityReference; channel: ChannelReference; clientMessageId: string } };
