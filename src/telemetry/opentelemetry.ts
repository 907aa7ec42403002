import { setTimeout as pause } from 'node:timers/promises';
import {
  createTraceState,
  isSpanContextValid,
  type Span as OpenTelemetrySpan,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { currentScope } from './scope.ts';
import type { Span, SpanOptions, TraceContext, Tracer } from './tracing.ts';

export interface OpenTelemetryOptions {
  /** The base address of an OTLP receiver; traces go to `/v1/traces` below it, over HTTP. */
  endpoint: string;
  /** Which part of the traces that begin here is recorded, from 0 to 1; for others the caller has decided. */
  ratio: number;
  version: string;
}

/** How long what was not sent yet may take at the end. */
const CLOSE_PATIENCE_MS = 2000;

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT };

/**
 * Traces by OpenTelemetry. Its own variables for the rest (OTEL_EXPORTER_OTLP_HEADERS, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES …)
 * are read by its packages.
 */
export function createOpenTelemetryTracer({ endpoint, ratio, version }: OpenTelemetryOptions): Tracer {
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` });
  const named = resourceFromAttributes({ 'service.name': 'milepost', 'service.version': version });
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(named)
      .merge(detectResources({ detectors: [envDetector] })),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer('milepost', version);
  return {
    span(name, { kind, attributes = {} }: SpanOptions = {}) {
      const parent = currentScope().trace;
      const options = { attributes, kind: kind ? KINDS[kind] : SpanKind.INTERNAL };
      return new RecordedSpan(tracer.startSpan(name, options, parent ? contextOf(parent) : ROOT_CONTEXT));
    },
    // A receiver that is away does not hold up the end of the process.
    close: () => Promise.race([provider.shutdown(), pause(CLOSE_PATIENCE_MS, undefined, { ref: false })]),
  };
}

class RecordedSpan implements Span {
  readonly context: TraceContext | undefined;
  readonly #span: OpenTelemetrySpan;

  constructor(span: OpenTelemetrySpan) {
    this.#span = span;
    const { traceId, spanId, traceFlags, traceState } = span.spanContext();
    const flags = traceFlags.toString(16).padStart(2, '0');
    this.context = {
      traceparent: `00-${traceId}-${spanId}-${flags}`,
      tracestate: traceState?.serialize() || undefined,
    };
  }

  set(attributes: Record<string, string | number | boolean | undefined>): void {
    this.#span.setAttributes(attributes);
  }

  rename(name: string): void {
    this.#span.updateName(name);
  }

  fail(type: string): void {
    this.#span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR });
  }

  end(): void {
    this.#span.end();
  }
}

/** The trace as the packages know it; it is told with every span, so that they need not follow what is awaited. */
function contextOf({ traceparent, tracestate }: TraceContext) {
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-');
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  const spanContext = {
    ...{ traceId, spanId, traceFlags, isRemote: true },
    ...(tracestate && { traceState: createTraceState(tracestate) }),
  };
  return isSpanContextValid(spanContext) ? trace.setSpanContext(ROOT_CONTEXT, spanContext) : ROOT_CONTEXT;
}
