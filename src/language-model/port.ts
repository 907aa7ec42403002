/** One message as chat-completions endpoints take it. */
export type ModelMessage =
  | { role: 'system' | 'user'; content: string }
  | { role: 'assistant'; content: string; toolCalls?: ModelToolCall[] }
  | { role: 'tool'; toolCallId: string; content: string };

/** A call the model asks for; the arguments are JSON text as the model wrote it, not yet checked. */
export interface ModelToolCall {
  id: string;
  name: string;
  arguments: string;
}

/** A tool the model may call; the parameters are a JSON Schema. */
export interface ModelTool {
  name: string;
  description: string;
  parameters: Record<string, unknown>;
}

export interface ModelRequest {
  /** Undefined: the server's default model. */
  model?: string | undefined;
  messages: ModelMessage[];
  tools: ModelTool[];
  /** Sent along so that the endpoint's logs can be matched with ours. */
  requestId: string;
  /** The headers of W3C Trace Context that are sent along; undefined: none. */
  trace?: { traceparent: string; tracestate?: string | undefined } | undefined;
}

export interface ModelUsage {
  inputTokens: number;
  outputTokens: number;
}

export interface ModelResult {
  /** The model that answered, as the endpoint names it. */
  model: string;
  toolCalls: ModelToolCall[];
  /** Null when the endpoint did not count. */
  usage: ModelUsage | null;
}

/** Why a model gave no complete answer. */
export type ModelErrorCode =
  | 'MODEL_UNAUTHORIZED'
  | 'MODEL_RATE_LIMITED'
  | 'MODEL_REJECTED'
  | 'MODEL_UNAVAILABLE'
  | 'MODEL_BAD_RESPONSE'
  | 'MODEL_TIMEOUT';

export class ModelError extends Error {
  override readonly name = 'ModelError';
  readonly code: ModelErrorCode;
  /** Whether the same request may succeed a little later. */
  readonly retryable: boolean;
  /** How long the endpoint asked to wait, in milliseconds, if it said. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ModelErrorCode,
    message: string,
    options: { retryable: boolean; retryAfterMs?: number | undefined; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** What answers: an OpenAI-compatible endpoint or the offline model. */
export interface LanguageModel {
  /** True when no endpoint is configured and the built-in stand-in answers. */
  readonly offline: boolean;
  /** The model used when a request names none. */
  readonly defaultModel: string;
  /**
   * Streams one answer: calls `onText` with each piece as it arrives, in order, and resolves at the end.
   * Throws ModelError; rejects with the signal's reason once aborted, and the endpoint's connection is closed.
   * Never retries.
   */
  stream(request: ModelRequest, onText: (text: string) => void, signal: AbortSignal): Promise<ModelResult>;
}
