import { channelReference } from '../channels/model.ts';
import { ConflictError, InvalidInputError, ModelFailedError, UnavailableError } from '../errors.ts';
import { type BlockSource, eventStream } from '../http/event-stream.ts';
import { answer, type RestApi, type RestContext, readBody } from '../http/rest.ts';
import type { Turn } from '../generated/prisma/client.ts';
import { identityReference } from '../identities/model.ts';
import { idempotencyKey } from './model.ts';
import { type AwaitedTurn, awaitTurn, cancelTurn, followTurnEvents, getTurn, sendMessage, turnAt } from './operations.ts';
import { ReplyBlocks } from './reply-blocks.ts';

export function turnRoutes(api: RestApi): void {
  api.post('/conversation/:identity_id/chat/:channel_id', async (c) => {
    const body = await readBody(c);
    const { ctx } = c.var;
    const sent = await sendMessage(ctx, {
      identity: identityReference(c.req.param('identity_id')),
      channel: channelReference(c.req.param('channel_id')),
      text: body['text'],
      metadata: body['metadata'],
      clientMessageId: idempotencyKey(c.req.header('idempotency-key')),
    });
    return answer(c, 200, 'Message sent successfully', toReplyBody(await awaitTurn(ctx, sent), sent.message.id));
  });

  api.get('/conversation/:identity_id/streaming', async (c) => {
    const { ctx } = c.var;
    const seen = c.req.header('last-event-id') || c.req.query('after');
    // A client that comes back repeats the whole request: its message must not be sent again.
    if (seen) return rejoin(c, await turnAt(ctx, seen, 'Last-Event-ID'), seen);
    const { channel_id: channel, message } = c.req.query();
    if (!channel) throw new InvalidInputError([{ path: 'channelId', message: 'is required' }]);
    if (message === undefined) throw new InvalidInputError([{ path: 'message', message: 'is required' }]);
    const sent = await sendMessage(ctx, {
      identity: identityReference(c.req.param('identity_id')),
      channel: channelReference(channel),
      text: message,
      clientMessageId: idempotencyKey(c.req.header('idempotency-key')),
    }).catch(nameAsInQuery);
    return rejoin(c, sent.turn, sent.cursor);
  });

  api.get('/turns/:turn_id/events', async (c) =>
    rejoin(c, await getTurn(c.var.ctx, c.req.param('turn_id')), c.req.header('last-event-id') || c.req.query('after') || null),
  );

  api.post('/turns/:turn_id/cancel', async (c) => {
    const turn = await cancelTurn(c.var.ctx, { turnId: c.req.param('turn_id') });
    return answer(c, 200, 'Turn cancelled successfully', { turn_id: turn.id, status: turn.status.toLowerCase() });
  });
}

/** The stream of a turn's reply behind a cursor; 204 once its last event has been seen, which stops an `EventSource`. */
async function rejoin(c: RestContext, turn: Turn, after: string | null): Promise<Response> {
  const { ctx } = c.var;
  const seen = after ? ctx.cursors.decode(ctx.workspaceId, after, 'Last-Event-ID') : null;
  if (seen?.offset === null) return c.body(null, 204);
  const reader = await followTurnEvents(ctx, turn, after);
  const blocks: BlockSource = new ReplyBlocks(ctx, turn.id, reader, { after, offset: seen?.offset ?? 0 });
  return eventStream(blocks, {
    headers: { ...Object.fromEntries(c.res.headers), 'Content-Location': `/turns/${turn.id}/events` },
    outgoing: c.env?.outgoing,
  });
}

/** The query calls the text `message`. */
function nameAsInQuery(error: unknown): never {
  if (!(error instanceof InvalidInputError)) throw error;
  throw new InvalidInputError(error.issues.map((issue) => ({ ...issue, path: issue.path === 'text' ? 'message' : issue.path })));
}

function toReplyBody(turn: AwaitedTurn, messageId: string): Record<string, unknown> {
  const [reply] = turn.messages;
  if (turn.status !== 'COMPLETED' || !reply) throw failureOf(turn);
  return {
    conversation_id: turn.conversationId,
    turn_id: turn.id,
    message_id: messageId,
    reply_id: reply.id,
    text: reply.text,
    stage: turn.conversation.identity.stage?.key ?? null,
    usage: { input_tokens: turn.inputTokens, output_tokens: turn.outputTokens, exact: turn.usageExact },
    created_at: reply.createdAt,
  };
}

function failureOf({ status, errorCode, errorMessage }: AwaitedTurn): Error {
  const message = errorMessage ?? 'The server failed to answer.';
  if (status === 'CANCELLED') return new ConflictError('The turn was cancelled before the reply was finished.', 'TURN_CANCELLED');
  if (errorCode?.startsWith('MODEL_')) return new ModelFailedError(errorCode, message);
  if (errorCode === 'INTERRUPTED') return new UnavailableError(message);
  if (errorCode === 'NO_ASSISTANT' || errorCode === 'TEMPLATE_FAILED') return new ConflictError(message, errorCode);
  return new Error(message);
}
