import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Metrics, Readings } from './metrics.ts';

// From a cache's answer to a long reply.
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
// A line that is not in the list of RFC 9110 and PATCH would be a name of the caller's making.
const METHODS = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'QUERY',
  'MUTATION',
  'SUBSCRIPTION',
]);

/** Metrics as Prometheus reads them. */
export interface PrometheusMetrics extends Metrics {
  readonly contentType: string;
  /** The text exposition format. */
  text(): Promise<string>;
}

/** Every label has few values, whatever callers send. */
export function createPrometheusMetrics(): PrometheusMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Counter({ name: `milepost_${name}`, help, labelNames, registers });
  const histogram = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Histogram({ name: `milepost_${name}_seconds`, help, labelNames, buckets: SECONDS, registers });

  const requests = histogram('request_duration', 'Time until an answer was complete, event streams included.', [
    'method',
    'route',
    'status',
  ]);
  const turns = counter('turns_total', 'Turns that ended in this process; code says why one failed.', [
    'outcome',
    'code',
  ]);
  const tokens = counter('turn_tokens_total', 'Tokens of the turns that ended in this process.', ['direction']);
  const firstText = histogram('turn_first_token', 'From the beginning of a turn to the first text shown.');
  const turnDuration = histogram('turn_duration', 'From the beginning of a turn to its end.');
  const modelCalls = histogram('model_call_duration', 'Requests to the language model, each attempt for itself.', [
    'outcome',
  ]);
  const jobs = counter('jobs_total', 'Attempts at jobs: timers, webhooks and the like.', ['name', 'outcome']);
  const jobDelay = histogram('job_delay', 'How long after it was due an attempt at a job began.', ['name']);
  const streams = new Gauge({
    name: 'milepost_streams_open',
    help: 'Streams of events that are open.',
    labelNames: ['door'],
    registers,
  });
  for (const door of ['rest', 'graphql_sse', 'websocket']) streams.set({ door }, 0);

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    requestEnded({ method, route, status, seconds }) {
      requests.observe({ method: METHODS.has(method) ? method : 'OTHER', route, status }, seconds);
    },
    turnEnded({ outcome, code, inputTokens, outputTokens, firstTextSeconds, seconds }) {
      turns.inc({ outcome, code: code ?? '' });
      tokens.inc({ direction: 'input' }, inputTokens);
      tokens.inc({ direction: 'output' }, outputTokens);
      if (seconds !== null) turnDuration.observe(seconds);
      if (firstTextSeconds !== null) firstText.observe(firstTextSeconds);
    },
    modelCallEnded: ({ outcome, seconds }) => modelCalls.observe({ outcome }, seconds),
    jobEnded({ name, outcome, delaySeconds }) {
      jobs.inc({ name, outcome });
      jobDelay.observe({ name }, delaySeconds);
    },
    streamOpened: (door) => streams.inc({ door }),
    streamClosed: (door) => streams.dec({ door }),
    observe: (readings) => exposeReadings(registers, readings),
  };
}

function exposeReadings(registers: Registry[], { runningTurns, sockets, eventLogBytes, pool }: Readings): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `milepost_${name}`,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge('turns_running', 'Turns that run in this process.', runningTurns);
  gauge('sockets_open', 'WebSockets that are open.', sockets);
  gauge('event_log_bytes', 'What the event log keeps in memory, roughly.', eventLogBytes);
  gauge('database_connections', 'Connections to the database.', () => pool().total);
  gauge('database_connections_idle', 'Connections to the database that nobody uses.', () => pool().idle);
  gauge('database_waiting', 'Statements that wait for a connection.', () => pool().waiting);
}
