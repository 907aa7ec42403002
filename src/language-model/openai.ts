import { finished, Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import OpenAI, { APIError } from 'openai';
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import { Answer } from './answer.ts';
import { Call, type Patience } from './call.ts';
import {
  badAnswer,
  connectionFailure,
  errorParts,
  retryAfterMs,
  statusFailure,
  timeoutFailure,
  withoutKey,
} from './failures.ts';
import { NodeResponse } from './node-fetch.ts';
import type { LanguageModel, ModelMessage, ModelRequest } from './port.ts';

/** Where OpenAI's own endpoint is. */
export const OPENAI_URL = 'https://api.openai.com/v1';
const DEFAULT_TIMEOUT_MS = 60_000;
// What can be sent in a header.
const SENDABLE = /^[\x21-\x7e]+$/;

/** Where and how to ask; the timeouts default to a minute each. */
export interface OpenAiModelOptions extends Partial<Patience> {
  /** Undefined for endpoints that need none. */
  apiKey?: string | undefined;
  /** Undefined: OpenAI. */
  baseUrl?: string | undefined;
  defaultModel: string;
  fetch: typeof globalThis.fetch;
  /** True when `fetch` answers by itself. */
  offline?: boolean;
}

/** A language model behind an OpenAI-compatible endpoint; throws when the API key cannot be sent in a header. */
export function createOpenAiModel(options: OpenAiModelOptions): LanguageModel {
  const apiKey = options.apiKey?.trim() || undefined;
  if (apiKey && !SENDABLE.test(apiKey)) throw new Error('OPENAI_API_KEY must consist of visible ASCII characters.');
  const patience = {
    firstTokenTimeoutMs: options.firstTokenTimeoutMs ?? DEFAULT_TIMEOUT_MS,
    idleTimeoutMs: options.idleTimeoutMs ?? DEFAULT_TIMEOUT_MS,
  };
  const client = createClient(apiKey, options, patience);

  return {
    offline: options.offline ?? false,
    defaultModel: options.defaultModel,
    async stream(request, onText, signal) {
      signal.throwIfAborted();
      const model = request.model || options.defaultModel;
      const answer = new Answer(onText);
      const call = new Call(signal, patience);
      let ended = false;
      try {
        const response = await send(client, model, request, call.signal);
        await read(response, answer, call);
        ended = true;
        // By whoever was told of the last text.
        signal.throwIfAborted();
        return answer.result(model);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (answer.complete || answer.done) return answer.result(model);
        if (call.silentMs !== undefined) throw timeoutFailure(call.silentMs, !answer.spoken);
        throw withoutKey(error, apiKey);
      } finally {
        call.close(ended);
      }
    },
  };
}

type BuiltRequest = Awaited<ReturnType<OpenAI['buildRequest']>>;

/**
 * The SDK, which makes the headers of the first request to a path; those of the others differ in nothing but what a request adds to
 * them. Making them anew took a tenth of the CPU of a short turn.
 */
class Client extends OpenAI {
  readonly #made = new Map<string, Promise<{ built: BuiltRequest; headers: Record<string, string> }>>();

  override async buildRequest(...[options, context]: Parameters<OpenAI['buildRequest']>): Promise<BuiltRequest> {
    const { method, path, body, headers: added, signal } = options;
    let made = this.#made.get(path);
    if (!made) {
      made = super
        .buildRequest({ method, path, body: {} }, context)
        .then((built) => ({ built, headers: Object.fromEntries(built.req.headers) }));
      this.#made.set(path, made);
    }
    const { built, headers } = await made;
    const whole = { ...headers };
    // Names in small letters, as those have that were made: none may stand there twice.
    for (const [name, value] of Object.entries(added as Record<string, string | undefined>))
      if (value !== undefined) whole[name.toLowerCase()] = value;
    return {
      ...built,
      req: {
        ...built.req,
        headers: whole as unknown as Headers,
        body: JSON.stringify(body),
        ...(signal && { signal }),
      },
    };
  }
}

function createClient(apiKey: string | undefined, { baseUrl, fetch }: OpenAiModelOptions, patience: Patience): OpenAI {
  return new Client({
    // The SDK insists on a key; without one of ours no credentials are sent.
    apiKey: apiKey ?? 'none',
    ...(apiKey ? {} : { defaultHeaders: { Authorization: null } }),
    baseURL: baseUrl ?? OPENAI_URL,
    fetch,
    // Retrying is the caller's decision, who knows whether any text was passed on.
    maxRetries: 0,
    // Only a net below our own timer, which counts until the first byte of the body.
    timeout: patience.firstTokenTimeoutMs + 1000,
    // Not to be read from the environment behind our back.
    adminAPIKey: null,
    organization: null,
    project: null,
    logLevel: 'off',
  });
}

async function send(client: OpenAI, model: string, request: ModelRequest, signal: AbortSignal): Promise<Response> {
  const { requestId, trace, tools } = request;
  try {
    return await client.chat.completions
      .create(
        {
          model,
          messages: request.messages.map(toWire),
          stream: true,
          stream_options: { include_usage: true },
          ...(tools.length > 0 && { tools: tools.map((tool) => ({ type: 'function' as const, function: tool })) }),
        },
        { signal, headers: { 'X-Client-Request-Id': requestId, 'X-Request-Id': requestId, ...trace } },
      )
      // The SDK's own reading of the stream costs more than twice as much per token.
      .asResponse();
  } catch (error) {
    throw toFailure(error);
  }
}

function toWire(message: ModelMessage): ChatCompletionMessageParam {
  if (message.role === 'tool') return { role: 'tool', tool_call_id: message.toolCallId, content: message.content };
  if (message.role !== 'assistant' || !message.toolCalls?.length)
    return { role: message.role, content: message.content };
  return {
    role: 'assistant',
    // Some endpoints refuse an empty text beside tool calls.
    content: message.content || null,
    tool_calls: message.toolCalls.map(({ id, name, arguments: input }) => ({
      id,
      type: 'function',
      function: { name, arguments: input },
    })),
  };
}

// Anything but the SDK's own errors is a bug of ours.
function toFailure(error: unknown): unknown {
  if (!(error instanceof APIError)) return error;
  if (error.status === undefined) return connectionFailure(error.cause ?? error, false);
  const { words, code } = errorParts(error.error);
  // The SDK keeps a body that is no JSON only in its message, behind the status.
  const body = error.error === undefined ? error.message.replace(/^\d+ (status code \(no body\))?/, '') : words;
  return statusFailure(error.status, { words: body, code, retryAfterMs: retryAfterMs(error.headers) });
}

function read(response: Response, answer: Answer, call: Call): Promise<void> {
  const contentType = response.headers.get('content-type') ?? '';
  if (contentType.includes('html')) throw badAnswer('a web page');
  const body = bodyOf(response).setEncoding('utf8');
  const sink = contentType.includes('application/json') ? answer.wholeSink() : answer.eventSink(call.signal);
  return new Promise((resolve, reject) => {
    // Each piece is passed on in the same tick in which it arrives.
    const take = (text: string) => {
      const { done } = answer;
      if (!done) call.heard();
      try {
        sink.feed(text);
      } catch (error) {
        body.off('data', take);
        reject(error);
      }
      if (answer.done && !done) call.expectEnd();
    };
    body.on('data', take);
    finished(body, { writable: false }, (cause) => {
      if (cause) return reject(connectionFailure(cause, answer.spoken));
      try {
        resolve(sink.end());
      } catch (error) {
        reject(error);
      }
    });
  });
}

function bodyOf(response: Response): Readable {
  if (response instanceof NodeResponse) return response.stream;
  return response.body ? Readable.fromWeb(response.body as NodeReadableStream) : Readable.from([]);
}
