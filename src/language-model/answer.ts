import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { badAnswer, cutAnswer, streamedFailure } from './failures.ts';
import type { ModelResult, ModelToolCall, ModelUsage } from './port.ts';
import { RepeatedChunk } from './repeated-chunk.ts';

// More than any model sends in one piece; a bound for what is no model.
const MAX_LENGTH = 8 * 1024 * 1024;

// Endpoints leave out, null or misuse any of these, so that nothing is taken for granted.
interface Chunk {
  model?: unknown;
  choices?: unknown;
  usage?: { prompt_tokens?: unknown; completion_tokens?: unknown } | null;
  error?: unknown;
}

interface Choice {
  delta?: Delta | null;
  message?: Delta | null;
  finish_reason?: unknown;
}

interface Delta {
  content?: unknown;
  refusal?: unknown;
  tool_calls?: unknown;
}

interface ToolCallDelta {
  index?: unknown;
  id?: unknown;
  function?: { name?: unknown; arguments?: unknown } | null;
}

/** Takes the text of a body, piece by piece. */
export interface Sink {
  feed(text: string): void;
  end(): void;
}

/** Puts one streamed chat completion together and passes its text on as it comes. */
export class Answer {
  /** Whether any text was passed on: from then on the request cannot be repeated unnoticed. */
  spoken = false;
  /** Whether the answer is whole: nothing but the usage may follow. */
  complete = false;
  /** Whether the endpoint said that nothing follows. */
  done = false;
  #model: string | undefined;
  #usage: ModelUsage | null = null;
  #recognized = false;
  /** What has been read and not been passed on. */
  #text = '';
  readonly #repeated = new RepeatedChunk();
  readonly #slots = new Map<number, ModelToolCall>();
  readonly #toolCalls: ModelToolCall[] = [];
  readonly #onText: (text: string) => void;

  constructor(onText: (text: string) => void) {
    this.#onText = onText;
  }

  /** Takes the body of an endpoint that streams server-sent events, until the signal aborts. */
  eventSink(signal: AbortSignal): Sink {
    const parser = createParser({
      maxBufferSize: MAX_LENGTH,
      // One network chunk may hold many events, and the caller may abort at any of them.
      onEvent: (event) => signal.aborted || this.done || this.#readEvent(event),
      onError: ({ type }) => {
        if (type === 'max-buffer-size-exceeded') throw badAnswer('an endless line');
      },
    });
    return {
      feed: (text) => {
        try {
          parser.feed(text);
        } finally {
          this.#passOn();
        }
      },
      end: () => {},
    };
  }

  /** Takes the body of an endpoint that answers in one piece of JSON. */
  wholeSink(): Sink {
    let body = '';
    return {
      feed: (text) => {
        body += text;
        if (body.length > MAX_LENGTH) throw badAnswer('an endless text');
      },
      end: () => {
        this.#readChunk(parseChunk(body));
        this.#passOn();
        if (!this.#recognized) throw badAnswer('JSON of another kind');
        this.complete = true;
      },
    };
  }

  /** What came, once the endpoint has ended the body; throws ModelError if that was too early. */
  result(requestedModel: string): ModelResult {
    if (!this.complete && !this.#recognized) throw badAnswer('no events');
    if (!this.complete) throw cutAnswer(!this.spoken);
    return { model: this.#model ?? requestedModel, toolCalls: this.#toolCalls.map(finished), usage: this.#usage };
  }

  #readEvent({ data, event }: EventSourceMessage): void {
    if (data === '[DONE]') {
      this.done = true;
      // Without any chunk before it, it is no answer.
      this.complete = this.#recognized;
      return;
    }
    const repeated = event === undefined ? this.#repeated.textOf(data) : null;
    if (repeated !== null) {
      this.#say(repeated);
      return;
    }
    const chunk = parseChunk(data);
    if (event === 'error') throw streamedFailure(chunk.error ?? chunk, !this.spoken);
    const said = this.#text.length;
    this.#readChunk(chunk);
    // What a tool is called with comes in pieces too, and each has to be read.
    if (this.#toolCalls.length === 0) this.#repeated.learn(data, this.#text.slice(said));
  }

  #readChunk(chunk: Chunk): void {
    if (chunk.error) throw streamedFailure(chunk.error, !this.spoken);
    if (chunk.usage) this.#usage = toUsage(chunk.usage) ?? this.#usage;
    this.#model ??= textOf(chunk.model) || undefined;
    if (!Array.isArray(chunk.choices)) return;
    this.#recognized = true;
    const choice = chunk.choices[0] as Choice | null | undefined;
    const delta = choice?.delta ?? choice?.message;
    if (delta) this.#readDelta(delta);
    if (choice?.finish_reason) this.complete = true;
  }

  #readDelta({ content, refusal, tool_calls }: Delta): void {
    this.#say(textOf(content ?? refusal));
    if (!Array.isArray(tool_calls)) return;
    for (const part of tool_calls) if (part) this.#readToolCall(part);
  }

  #say(text: string): void {
    if (text === '') return;
    this.spoken = true;
    this.#text += text;
  }

  /** What came together is passed on together: under load that is many tokens, otherwise one. */
  #passOn(): void {
    const text = this.#text;
    this.#text = '';
    if (text !== '') this.#onText(text);
  }

  #readToolCall({ index, id, function: called }: ToolCallDelta): void {
    const call = this.#slot(index, textOf(id));
    call.id ||= textOf(id);
    call.name ||= textOf(called?.name);
    call.arguments += textOf(called?.arguments);
  }

  // Some endpoints leave the index out or give all calls the same one: another id is another call.
  #slot(index: unknown, id: string): ModelToolCall {
    const open = typeof index === 'number' ? this.#slots.get(index) : this.#toolCalls.at(-1);
    if (open && (id === '' || open.id === '' || open.id === id)) return open;
    const call = { id: '', name: '', arguments: '' };
    this.#toolCalls.push(call);
    if (typeof index === 'number') this.#slots.set(index, call);
    return call;
  }
}

/** The value if it is text, without NUL characters: PostgreSQL cannot hold them, and they say nothing. */
function textOf(value: unknown): string {
  if (typeof value !== 'string') return '';
  return value.includes('\0') ? value.replaceAll('\0', '') : value;
}

function parseChunk(data: string): Chunk {
  let chunk: unknown;
  try {
    chunk = JSON.parse(data);
  } catch {
    throw badAnswer('something that is not JSON');
  }
  if (typeof chunk !== 'object' || chunk === null) throw badAnswer('JSON of another kind');
  return chunk;
}

function toUsage({ prompt_tokens, completion_tokens }: NonNullable<Chunk['usage']>): ModelUsage | null {
  if (!isCount(prompt_tokens) || !isCount(completion_tokens)) return null;
  return { inputTokens: prompt_tokens, outputTokens: completion_tokens };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

// A call needs an id to be answered, and endpoints take no empty arguments back.
function finished(call: ModelToolCall, index: number): ModelToolCall {
  return { id: call.id || `call_${index}`, name: call.name, arguments: call.arguments.trim() || '{}' };
}
