import { z } from 'zod';
import { type ChannelReference, WHEN_BUSY } from '../channels/model.ts';
import type { IdentityReference } from '../identities/model.ts';
import { atLeast, atMost, jsonObject, nonBlankText, text } from '../input.ts';

const clientMessageId = text
  .trim()
  .check(atLeast(1))
  .check(atMost(() => 200));

export const sendMessageInput = z.object({
  text: nonBlankText,
  metadata: jsonObject.nullish().transform((metadata) => metadata ?? {}),
  clientMessageId: clientMessageId.nullish(),
  whenBusy: z.enum(WHEN_BUSY).nullish(),
});

/** What the address of a stream holds. */
export const streamQuery = z.object({
  channel_id: z
    .string()
    .min(1, { error: 'is required' })
    .meta({ description: 'The id or key of the channel.', example: 'web' }),
  message: z.string().meta({ description: 'What the identity says.', example: 'Where is my order?' }),
  client_message_id: z
    .string()
    .optional()
    .describe('Your name for the message; one that is sent again under it is not answered twice.'),
  after: z.string().optional().describe('The cursor of the last event that was seen, to go on from.'),
  access_token: z
    .string()
    .optional()
    .describe('A token made by `createAccessToken` (GraphQL), where no header can be sent.'),
});

/** The key of an `Idempotency-Key` header, bare or as the quoted string of the draft standard. */
export function idempotencyKey(header: string | undefined): string | undefined {
  return header === undefined ? undefined : header.trim().replace(/^"(.*)"$/s, '$1');
}

/** A turn by its id, or by what the sender called the message. */
export type TurnReference =
  | { turnId: string }
  | { message: { identity: IdentityReference; channel: ChannelReference; clientMessageId: string } };
