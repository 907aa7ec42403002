import type { AddressInfo } from 'node:net';
import type { Config } from '../config.ts';
import { type Metrics, NO_METRICS } from './metrics.ts';
import { NO_TRACER, type Tracer } from './tracing.ts';

/** What a process tells its operators besides its log. Each call is per request, turn, model call or job, never per token. */
export interface Telemetry {
  readonly metrics: Metrics;
  readonly tracer: Tracer;
}

/** Nobody looks, and nothing is paid for it. */
export const NO_TELEMETRY: Telemetry = { metrics: NO_METRICS, tracer: NO_TRACER };

export interface RunningTelemetry extends Telemetry {
  /** Where the metrics are served, if they are. */
  readonly metricsAddress: AddressInfo | undefined;
  /** Sends and closes what is left. */
  close(): Promise<void>;
}

/** What the configuration asks for; the packages behind it are loaded only then. */
export async function startTelemetry({ metrics, tracing, version }: Config): Promise<RunningTelemetry> {
  const [served, tracer] = await Promise.all([
    metrics ? startMetrics(metrics) : undefined,
    tracing ? startTracer({ ...tracing, version }) : NO_TRACER,
  ]);
  return {
    metrics: served?.metrics ?? NO_METRICS,
    tracer,
    metricsAddress: served?.address,
    async close() {
      await Promise.all([served?.close(), tracer.close()]);
    },
  };
}

async function startMetrics(at: NonNullable<Config['metrics']>) {
  const [{ createPrometheusMetrics }, { serveMetrics }] = await Promise.all([
    import('./prometheus.ts'),
    import('./metrics-server.ts'),
  ]);
  const metrics = createPrometheusMetrics();
  return { metrics, ...(await serveMetrics(metrics, at)) };
}

async function startTracer(options: NonNullable<Config['tracing']> & { version: string }): Promise<Tracer> {
  const { createOpenTelemetryTracer } = await import('./opentelemetry.ts');
  return createOpenTelemetryTracer(options);
}
