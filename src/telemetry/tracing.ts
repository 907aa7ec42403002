import { currentScope, inScope } from './scope.ts';

/** Where a trace goes on: the headers of W3C Trace Context, handed on as they are. */
export interface TraceContext {
  traceparent: string;
  tracestate?: string | undefined;
}

export type SpanAttributes = Record<string, string | number | boolean | undefined>;

export interface SpanOptions {
  /** Whether somebody else's request is answered, or somebody else is asked; undefined: neither. */
  kind?: 'server' | 'client';
  attributes?: SpanAttributes;
}

/** A stretch of work with a beginning and an end. */
export interface Span {
  /** What its parts, here or elsewhere, name as their parent. */
  readonly context: TraceContext | undefined;
  set(attributes: SpanAttributes): void;
  rename(name: string): void;
  /** Marks it as failed; `type` is a code or the name of an error, never its message. */
  fail(type: string): void;
  end(): void;
}

/** Begins spans. Never called for a single token. */
export interface Tracer {
  /** A span in the trace of what is being worked on; the first of a trace when that has none. */
  span(name: string, options?: SpanOptions): Span;
  /** Sends what has not been sent. */
  close(): Promise<void>;
}

/** Without a place to send traces to: the caller's trace is handed on, and nothing is recorded. */
export const NO_TRACER: Tracer = {
  span: () => ({
    context: currentScope().trace,
    set() {},
    rename() {},
    fail() {},
    end() {},
  }),
  close: async () => {},
};

// Version 00; the all-zero ids are not valid.
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
// Only what a header can hold; longer lists may be left out.
const TRACESTATE = /^[\x20-\x7e]{1,512}$/;

/** The trace a caller is in, if its headers are well-formed (W3C Trace Context). */
export function traceContextOf(
  traceparent: string | null | undefined,
  tracestate: string | null | undefined,
): TraceContext | undefined {
  if (!traceparent || !TRACEPARENT.test(traceparent)) return undefined;
  return tracestate && TRACESTATE.test(tracestate) ? { traceparent, tracestate } : { traceparent };
}

/** Does a step of some work inside a span of its own. */
export async function traced<Result>(
  tracer: Tracer,
  name: string,
  action: () => Promise<Result>,
  options: SpanOptions = {},
): Promise<Result> {
  const span = tracer.span(name, options);
  try {
    return await inScope({ ...currentScope(), trace: span.context }, action);
  } catch (error) {
    span.fail(error instanceof Error ? error.name : 'Error');
    throw error;
  } finally {
    span.end();
  }
}
