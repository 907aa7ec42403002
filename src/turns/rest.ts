import { channelReference } from '../channels/model.ts';
import { ConflictError, InvalidInputError, ModelFailedError, UnavailableError } from '../errors.ts';
import type { Turn } from '../generated/prisma/client.ts';
import { type BlockSource, eventStream } from '../http/event-stream.ts';
import { answer, type RestApi, type RestContext, readBody } from '../http/rest.ts';
import { identityReference } from '../identities/model.ts';
import { parseInput } from '../input.ts';
import { type AwaitedTurn, awaitTurn } from './awaited.ts';
import { notACursor } from './cursors.ts';
import { CANCELS, cancelled, REJOINS, reply, SENDS, STREAMS } from './documents.rest.ts';
import type { FollowedTurn } from './following.ts';
import { idempotencyKey, streamQuery } from './model.ts';
import { cancelTurn, followTurnEvents, getFollowedTurn, type SentMessage, sendMessage, turnAt } from './operations.ts';
import { ReplyBlocks } from './reply-blocks.ts';

export function turnRoutes(api: RestApi): void {
  api.post('/conversation/:identity_id/chat/:channel_id', SENDS, async (c) => {
    const body = await readBody(c);
    const { ctx } = c.var;
    const sent = await sendMessage(ctx, {
      identity: identityReference(c.req.param('identity_id')),
      channel: channelReference(c.req.param('channel_id')),
      text: body.text,
      metadata: body.metadata,
      clientMessageId: idempotencyKey(c.req.header('idempotency-key')),
    }).catch(renaming({ clientMessageId: 'Idempotency-Key' }));
    return answer(c, 200, 'Message sent successfully', toReplyBody(sent, await awaitTurn(ctx, sent)));
  });

  api.get('/conversation/:identity_id/streaming', STREAMS, async (c) => {
    // Whoever asks for the head alone only looks, and nothing may come of it (RFC 9110); this GET sends a message.
    if (c.req.method === 'HEAD') return c.body(null, 405, { Allow: 'GET' });
    const { ctx } = c.var;
    const seen = whatWasSeen(c);
    // A client that comes back repeats the whole request: its message must not be sent again.
    if (seen) return rejoin(c, await turnAt(ctx, seen.cursor, seen.path), seen);
    const { channel_id: channel, message, client_message_id: inQuery } = parseInput(streamQuery, c.req.query());
    const sent = await sendMessage(ctx, {
      identity: identityReference(c.req.param('identity_id')),
      channel: channelReference(channel),
      text: message,
      // A browser's `EventSource` sends no header, but repeats its address when it is cut off before the first position.
      clientMessageId: inQuery ?? idempotencyKey(c.req.header('idempotency-key')),
    }).catch(renaming({ ...(inQuery === undefined && { clientMessageId: 'Idempotency-Key' }), text: 'message' }));
    return rejoin(c, sent.turn, { cursor: sent.cursor, path: 'after' });
  });

  api.get('/turns/:turn_id/events', REJOINS, async (c) => {
    const seen = whatWasSeen(c);
    return rejoin(c, await getFollowedTurn(c.var.ctx, c.req.param('turn_id'), seen), seen);
  });

  api.post('/turns/:turn_id/cancel', CANCELS, async (c) => {
    const turn = await cancelTurn(c.var.ctx, { turnId: c.req.param('turn_id') });
    return answer(c, 200, 'Turn cancelled successfully', toCancelledBody(turn));
  });
}

/** How far a reader is, and what its request calls that. */
interface Seen {
  cursor: string;
  path: string;
}

/** The header is newer: an `EventSource` adds it when it comes back to an address that has `after` in it. */
function whatWasSeen(c: RestContext): Seen | null {
  const header = c.req.header('last-event-id');
  if (header) return { cursor: header, path: 'Last-Event-ID' };
  const after = c.req.query('after');
  return after ? { cursor: after, path: 'after' } : null;
}

/** The stream of a turn's reply behind a cursor; 204 once its last event has been seen, which stops an `EventSource`. */
async function rejoin(c: RestContext, turn: FollowedTurn, seen: Seen | null): Promise<Response> {
  const { ctx } = c.var;
  const after = seen?.cursor ?? null;
  const position = seen && ctx.cursors.decode(ctx.workspaceId, seen.cursor, seen.path);
  if (position && position.conversationId !== turn.conversationId) throw notACursor(seen.path);
  // A cursor of an earlier turn says nothing about how much of this one has been seen.
  const inTurn = position?.turnNumber === turn.number ? position : null;
  if (inTurn?.offset === null) return c.body(null, 204);
  const reader = await followTurnEvents(ctx, turn, after);
  const blocks: BlockSource = new ReplyBlocks(ctx, turn.id, reader, { after, offset: inTurn?.offset ?? 0 });
  return eventStream(blocks, {
    headers: { 'Content-Location': `/turns/${turn.id}/events` },
    limits: c.var.streamLimits,
    holdOpen: (end) => ctx.credentials.holdOpen(ctx.access, end),
    outgoing: c.env?.outgoing,
  });
}

/** Rethrows an error, its wrong fields called what the request calls them. */
function renaming(names: Record<string, string>): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof InvalidInputError)) throw error;
    throw new InvalidInputError(error.issues.map((issue) => ({ ...issue, path: names[issue.path] ?? issue.path })));
  };
}

function toReplyBody({ turn, message }: SentMessage, ended: AwaitedTurn): Record<string, unknown> {
  if (ended.status !== 'COMPLETED') throw failureOf(ended);
  const { usage } = ended;
  return reply.of({
    conversationId: turn.conversationId,
    turnId: turn.id,
    messageId: message.id,
    replyId: ended.replyId,
    text: ended.text,
    stage: ended.stageKey,
    usage: {
      input_tokens: usage?.inputTokens ?? null,
      output_tokens: usage?.outputTokens ?? null,
      exact: usage?.exact ?? null,
    },
    createdAt: ended.finishedAt,
  });
}

function toCancelledBody({ id, status }: Turn): Record<string, unknown> {
  return cancelled.of({ turnId: id, status: status.toLowerCase() as Lowercase<typeof status> });
}

function failureOf(ended: Exclude<AwaitedTurn, { status: 'COMPLETED' }>): Error {
  if (ended.status === 'CANCELLED')
    return new ConflictError('The turn was cancelled before the reply was finished.', 'TURN_CANCELLED');
  const { code, message } = ended;
  if (code.startsWith('MODEL_')) return new ModelFailedError(code, message);
  if (code === 'INTERRUPTED') return new UnavailableError(message);
  if (code === 'NO_ASSISTANT' || code === 'TEMPLATE_FAILED') return new ConflictError(message, code);
  return new Error(message);
}
