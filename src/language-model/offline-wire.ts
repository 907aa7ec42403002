/** What the offline model reads of a chat-completions request. */
export interface WireRequest {
  model?: string;
  messages: WireMessage[];
  tools?: { function: { name: string } }[];
  stream?: boolean;
  stream_options?: { include_usage?: boolean } | null;
}

export interface WireMessage {
  role: string;
  content?: string | null;
  tool_calls?: WireToolCall[];
  tool_call_id?: string;
}

export interface WireToolCall {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
}

/** Either a text or calls of tools. */
export interface OfflineAnswer {
  text: string;
  toolCalls: WireToolCall[];
}

/** What the offline model is called. */
export const OFFLINE_MODEL = 'milepost-offline';
// The same request is answered with the same bytes.
const ENVELOPE = { id: 'chatcmpl-offline', created: 0 };

/** The answer as one JSON body. */
export function completionBody(request: WireRequest, { text, toolCalls }: OfflineAnswer): object {
  const message = { role: 'assistant', content: text || null, ...(toolCalls.length > 0 && { tool_calls: toolCalls }) };
  return {
    ...ENVELOPE,
    object: 'chat.completion',
    model: OFFLINE_MODEL,
    choices: [{ index: 0, message, finish_reason: finishReason(toolCalls) }],
    usage: usage(request, { text, toolCalls }),
  };
}

/** The answer as server-sent events, one word or call each. */
export function completionChunks(request: WireRequest, answer: OfflineAnswer): string[] {
  const deltas: object[] = [
    ...tokens(answer.text).map((content) => ({ content })),
    ...answer.toolCalls.map((call, index) => ({ tool_calls: [{ index, ...call }] })),
  ];
  const chunks = deltas.map((delta, index) =>
    chunk([{ index: 0, delta: index === 0 ? { role: 'assistant', ...delta } : delta, finish_reason: null }]),
  );
  const end = [chunk([{ index: 0, delta: {}, finish_reason: finishReason(answer.toolCalls) }])];
  if (request.stream_options?.include_usage) end.push(chunk([], usage(request, answer)));
  // The end follows the last word without a pause of its own.
  return [...chunks, `${end.join('')}data: [DONE]\n\n`];
}

function chunk(choices: object[], counted: object | null = null): string {
  const body = { ...ENVELOPE, object: 'chat.completion.chunk', model: OFFLINE_MODEL, choices, usage: counted };
  return `data: ${JSON.stringify(body)}\n\n`;
}

function finishReason(toolCalls: WireToolCall[]): string {
  return toolCalls.length > 0 ? 'tool_calls' : 'stop';
}

function usage(request: WireRequest, answer: OfflineAnswer): object {
  const input = request.messages.reduce((sum, { content }) => sum + tokens(content ?? '').length, 0);
  const output = tokens(answer.text).length + answer.toolCalls.length;
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
}

/** A text's words, each with the white space before it. */
function tokens(text: string): string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}
