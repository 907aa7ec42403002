import type { OutgoingHttpHeaders } from 'node:http';
import type { ScriptedCall, ScriptedRequest } from './scripted-call.ts';

/** How one request is answered. */
export type Reply = (call: ScriptedCall, request: ScriptedRequest) => void | Promise<void>;

/** A place in a reply at which the endpoint waits until the test lets it go on. */
export interface Hold {
  /** Resolves once a reply has come to this place; all before it has been written. */
  reached: Promise<void>;
  /** Lets it go on, and everything that comes here later. */
  release(): void;
  /** Used by replies: arrives, and waits for the release. */
  wait(): Promise<void>;
}

/** A new hold, to be put between the tokens of a reply. */
export function hold(): Hold {
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  return {
    reached: reached.promise,
    release: () => released.resolve(),
    wait: () => {
      reached.resolve();
      return released.promise;
    },
  };
}

/** Token counts of a reply, or null for an endpoint that does not count. */
type Usage = { inputTokens: number; outputTokens: number } | null;

/** The replies an endpoint can be told to give. */
export const reply = {
  /** Streams these tokens, waiting at each hold; counts 10 input tokens and each token as one unless `withUsage` says otherwise. */
  text: (...pieces: (string | Hold)[]): Reply => textReply(pieces, undefined),

  /** As `text`, with these counts; null sends none. */
  withUsage: (usage: Usage, ...pieces: (string | Hold)[]): Reply => textReply(pieces, usage),

  /** Streams `Echo: ` and the last user message, word by word. */
  echo: (): Reply => (call, request) => textReply(words(`Echo: ${request.userText}`), undefined)(call, request),

  /** The reply the function chooses by the request. */
  by:
    (choose: (request: ScriptedRequest) => Reply): Reply =>
    (call, request) =>
      choose(request)(call, request),

  /** Asks for these tools to be called, the arguments in two pieces each, as endpoints stream them. */
  toolCalls:
    (...calls: { id?: string; name: string; arguments: unknown }[]): Reply =>
    async (call) => {
      call.openStream();
      await call.chunk({ role: 'assistant', content: null });
      for (const [index, { id, name, arguments: input }] of calls.entries()) {
        const json = typeof input === 'string' ? input : JSON.stringify(input);
        const half = Math.ceil(json.length / 2);
        const head = { index, id: id ?? `call_${index}`, type: 'function', function: { name, arguments: '' } };
        await call.chunk({ tool_calls: [head] });
        await call.chunk({ tool_calls: [{ index, function: { arguments: json.slice(0, half) } }] });
        await call.chunk({ tool_calls: [{ index, function: { arguments: json.slice(half) } }] });
      }
      await call.chunk({}, 'tool_calls');
      await finish(call, { inputTokens: 10, outputTokens: calls.length });
    },

  /** An HTTP status with a body, JSON unless it is a string. */
  status:
    (
      status: number,
      body: unknown = { error: { message: `Status ${status}` } },
      headers: OutgoingHttpHeaders = {},
    ): Reply =>
    (call) => {
      const type = typeof body === 'string' ? 'text/html' : 'application/json';
      call.head(status, { 'content-type': type, ...headers });
      call.end(typeof body === 'string' ? body : JSON.stringify(body));
    },

  /** Status 200 with these bytes as they are, each written by itself. */
  raw:
    (contentType: string, ...pieces: (string | Uint8Array | Hold)[]): Reply =>
    async (call) => {
      call.head(200, { 'content-type': contentType });
      for (const piece of pieces) {
        if (isHold(piece)) await passed(call, piece);
        else await call.write(piece);
      }
      call.end();
    },

  /** Never answers: not even a status, or with `headers` a status and then nothing. */
  hang:
    (options: { headers?: boolean } = {}): Reply =>
    (call) => {
      if (options.headers) call.openStream();
    },

  /** Streams these tokens, then breaks the connection; with no tokens, before any answer. */
  cut:
    (...pieces: (string | Hold)[]): Reply =>
    async (call) => {
      if (pieces.length > 0) await stream(call, pieces);
      call.cut();
    },
};

function textReply(pieces: (string | Hold)[], usage: Usage | undefined): Reply {
  return async (call) => {
    await stream(call, pieces);
    await call.chunk({}, 'stop');
    const outputTokens = pieces.filter((piece) => typeof piece === 'string').length;
    await finish(call, usage === undefined ? { inputTokens: 10, outputTokens } : usage);
  };
}

async function stream(call: ScriptedCall, pieces: (string | Hold)[]): Promise<void> {
  call.openStream();
  await call.chunk({ role: 'assistant', content: '' });
  for (const piece of pieces) {
    if (typeof piece === 'string') await call.chunk({ content: piece });
    else await passed(call, piece);
  }
}

async function finish(call: ScriptedCall, usage: Usage): Promise<void> {
  if (usage) await call.usage(usage.inputTokens, usage.outputTokens);
  await call.event('[DONE]');
  call.end();
}

// A client that leaves must not leave the reply waiting for a release that never comes.
function passed(call: ScriptedCall, place: Hold): Promise<unknown> {
  return Promise.race([place.wait(), call.ended]);
}

function isHold(piece: string | Uint8Array | Hold): piece is Hold {
  return typeof piece === 'object' && 'wait' in piece;
}

function words(sentence: string): string[] {
  return sentence.match(/\s*\S+|\s+$/g) ?? [];
}
