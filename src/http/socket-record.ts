import type { IncomingMessage } from 'node:http';
import { type DocumentNode, getOperationAST } from 'graphql';
import { isAsyncIterable } from 'graphql-yoga';
import type { Logger } from 'pino';
import { requestIdOf } from '../telemetry/request-id.ts';
import { inScope, type Scope } from '../telemetry/scope.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { type Span, type TraceContext, traceContextOf } from '../telemetry/tracing.ts';
import { GRAPHQL_PATH } from './graphql.ts';
import { describeOperation } from './graphql-operations.ts';

/** What operators learn of a socket: each operation over it is a request of its own, named after it. */
export class SocketRecord {
  /** The client's own name for the request that opened it, when that is well-formed. */
  readonly requestId: string;
  readonly #trace: TraceContext | undefined;
  readonly #log: Logger;
  readonly #telemetry: Telemetry;
  readonly #begun = performance.now();
  #operations = 0;

  constructor({ headers }: IncomingMessage, { log, telemetry }: { log: Logger; telemetry: Telemetry }) {
    this.requestId = requestIdOf(one(headers['x-request-id']));
    this.#trace = traceContextOf(one(headers.traceparent), one(headers.tracestate));
    this.#log = log;
    this.#telemetry = telemetry;
  }

  /** An operation has come; it may say itself which trace it belongs to (`extensions.traceparent`). */
  begin(
    { extensions }: { extensions?: Record<string, unknown> | null | undefined },
    workspaceId: string,
  ): OperationRecord {
    this.#operations += 1;
    const { traceparent, tracestate } = extensions ?? {};
    const own = typeof traceparent === 'string' ? traceContextOf(traceparent, one(tracestate)) : undefined;
    const scope = { requestId: `${this.requestId}.${this.#operations}`, trace: own ?? this.#trace };
    return new OperationRecord(scope, { workspaceId, log: this.#log, telemetry: this.#telemetry });
  }

  closed(code: number | undefined): void {
    const ms = Math.round(performance.now() - this.#begun);
    this.#log.info({ requestId: this.requestId, code, operations: this.#operations, ms }, 'Socket closed');
  }
}

interface OperationOptions {
  workspaceId: string;
  log: Logger;
  telemetry: Telemetry;
}

/** One operation over a socket, until its last result. */
export class OperationRecord {
  readonly scope: Scope;
  readonly #options: OperationOptions;
  readonly #span: Span;
  readonly #begun = performance.now();
  #method = 'UNKNOWN';
  #operation: string | undefined;
  #streaming = false;
  #ended = false;

  constructor(scope: Scope, options: OperationOptions) {
    this.#options = options;
    this.#span = inScope(scope, () => options.telemetry.tracer.span(GRAPHQL_PATH, { kind: 'server' }));
    this.scope = { ...scope, trace: this.#span.context };
  }

  /** It turned out to be valid. */
  executes(document: DocumentNode, operationName: string | null | undefined): void {
    this.#method = getOperationAST(document, operationName)?.operation.toUpperCase() ?? this.#method;
    this.#operation = describeOperation(document, operationName);
    this.#span.rename(this.#operation ?? GRAPHQL_PATH);
  }

  /** The same function, done as part of the operation. What is not a stream is its end. */
  around<Args, Result>(run: (args: Args) => Promise<Result>): (args: Args) => Promise<Result> {
    return (args) =>
      inScope(this.scope, async () => {
        try {
          const result = await run(args);
          if (isAsyncIterable(result)) this.#begunToStream();
          else this.end(200);
          return result;
        } catch (error) {
          this.end(500);
          throw error;
        }
      });
  }

  /** `status` is what the same operation would be answered with over HTTP. Only the first end counts. */
  end(status: number): void {
    if (this.#ended) return;
    this.#ended = true;
    const { workspaceId, log, telemetry } = this.#options;
    const ms = performance.now() - this.#begun;
    const request = { method: this.#method, route: GRAPHQL_PATH, status };
    if (status >= 500) this.#span.fail(String(status));
    this.#span.set({ 'graphql.operation.name': this.#operation, 'http.route': GRAPHQL_PATH });
    this.#span.end();
    if (this.#streaming) telemetry.metrics.streamClosed('websocket');
    telemetry.metrics.requestEnded({ ...request, seconds: ms / 1000 });
    const line = { ...request, operation: this.#operation, ms: Math.round(ms), workspaceId };
    inScope(this.scope, () => log.info(line, 'Request'));
  }

  #begunToStream(): void {
    this.#streaming = true;
    this.#options.telemetry.metrics.streamOpened('websocket');
  }
}

function one(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
