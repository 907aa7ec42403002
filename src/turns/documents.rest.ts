import { z } from 'zod';
import { answerOf, bodyOf, documentsOf, EXAMPLE_TIME, idOf } from '../http/documented.ts';
import { exampleId } from '../ids.ts';
import { sendMessageInput, streamQuery } from './model.ts';

/** A reply and what it took. */
export const reply = answerOf(
  'Reply',
  {
    conversationId: idOf('Conversation'),
    turnId: idOf('Turn'),
    messageId: idOf('Message').describe('The message that was sent.'),
    replyId: idOf('Message').nullable(),
    text: z.string().describe('The whole reply.'),
    stage: z.string().nullable().describe('The key of the stage the identity is in after it; null: none.'),
    usage: z.object({
      input_tokens: z.int().nullable(),
      output_tokens: z.int().nullable(),
      exact: z.boolean().nullable().describe('False: estimated by us, because the model did not count.'),
    }),
    createdAt: z.iso.datetime(),
  },
  {
    conversation_id: exampleId('Conversation'),
    turn_id: exampleId('Turn'),
    message_id: exampleId('Message'),
    reply_id: exampleId('Message'),
    text: 'It left our warehouse this morning.',
    stage: 'onboarding',
    usage: { input_tokens: 10, output_tokens: 3, exact: true },
    created_at: EXAMPLE_TIME,
  },
);
/** How a turn stands that was to be cancelled. */
export const cancelled = answerOf(
  'CancelledTurn',
  { turnId: idOf('Turn'), status: z.enum(['completed', 'failed', 'cancelled', 'running', 'queued']) },
  { turn_id: exampleId('Turn'), status: 'cancelled' },
);

const event = z.object({ type: z.enum(['token', 'complete', 'error']), content: z.string() }).meta({
  id: 'StreamEvent',
  description:
    'The `data` of an event. `token`: the next piece of the reply. Then one of the two last: `complete` with the whole reply, or `error` with the reason why there is none.',
  examples: [{ type: 'token', content: 'It left' }],
});

const STREAM = `A stream of server-sent events. Every event is a default one (\`message\`); its \`data\` is a StreamEvent, its \`id\` the cursor behind it. First comes an id alone, before the model is called, so that a client which is cut off early can come back. After ten seconds of silence a comment (\`:\`) is sent. After \`complete\` or \`error\` the server closes.`;

const stream = {
  200: {
    description: 'The reply as it comes.',
    headers: z.object({
      'Content-Location': z.string().describe('Where the turn is followed: `/turns/{turn_id}/events`.'),
    }),
    content: {
      'text/event-stream': {
        schema: z.string().describe(STREAM),
        examples: {
          reply: {
            value: [
              'id: c1',
              '',
              'id: c2\ndata: {"type":"token","content":"It left our warehouse"}',
              '',
              'id: c3\ndata: {"type":"token","content":" this morning."}',
              '',
              'id: c4\ndata: {"type":"complete","content":"It left our warehouse this morning."}',
              '\n',
            ].join('\n'),
          },
        },
      },
    },
  },
  204: { description: 'The reader has seen the last event. An `EventSource` stops asking.' },
} as const;

const idempotencyHeader = z.object({
  'Idempotency-Key': z
    .string()
    .optional()
    .describe('A message that is sent again under the same key is not answered twice.'),
});
const resumeHeader = z.object({
  'Last-Event-ID': z
    .string()
    .optional()
    .describe('The cursor of the last event that was seen; `EventSource` sends it.'),
});

const about = documentsOf('Conversations');
const NOBODY_ANSWERS =
  'Nobody answers on this channel, or the conversation is busy and its channel refuses more; `code` tells which.';
const NO_REPLY = `${NOBODY_ANSWERS} Or a template failed, or the turn was cancelled.`;

export const SENDS = about('sendMessage', 'Send a message and wait for the reply', {
  description: 'The message is stored before the model is called. Whoever stops waiting does not stop the reply.',
  headers: idempotencyHeader,
  body: bodyOf(
    sendMessageInput,
    { text: 'Where is my order?', metadata: { source: 'web' } },
    { client_message_id: null, when_busy: null },
  ),
  answers: { 200: reply },
  problems: {
    404: 'There is no such identity or channel.',
    409: NO_REPLY,
    422: 'The idempotency key was used for another message.',
    502: 'The model failed.',
    504: 'The model took too long.',
  },
});

export const STREAMS = about('streamReply', 'Send a message and stream the reply', {
  description:
    'This GET sends a message. With `Last-Event-ID` or `after` nothing is sent: the stream goes on behind that event. Browsers, whose `EventSource` cannot send headers, put a short-lived access token into the address.',
  needs: 'write',
  query: streamQuery,
  headers: idempotencyHeader.extend(resumeHeader.shape),
  responses: stream,
  schemas: { StreamEvent: event },
  problems: {
    404: 'There is no such identity or channel.',
    409: NOBODY_ANSWERS,
    422: 'The idempotency key was used for another message.',
  },
});

export const REJOINS = about('followTurn', 'Follow the reply of a turn', {
  description: 'From its beginning, or behind a cursor; also after the turn has ended.',
  query: streamQuery.pick({ after: true, access_token: true }),
  headers: resumeHeader,
  responses: stream,
  schemas: { StreamEvent: event },
});

export const CANCELS = about('cancelTurn', 'Cancel a turn', {
  description: 'Stops the request to the model; what was said so far is kept. A turn that has ended stays as it is.',
  answers: { 200: cancelled },
});
