import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { LIMIT_VARIABLES, type Limits, limitsOf, wholeNumber } from './limits.ts';

const webUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });

const ENVIRONMENT = z.object({
  PORT: wholeNumber(0, 65_535, 4000),
  HOST: z.string().min(1).default('127.0.0.1'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgresql:// URL' }).optional(),
  DATABASE_POOL_SIZE: wholeNumber(1, 1000, 10),
  MILEPOST_DATA_DIR: z.string().min(1).default('.milepost'),
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be a redis:// or rediss:// URL' }).optional(),
  OPENAI_API_KEY: z.string().optional(),
  OPENAI_BASE_URL: webUrl.optional(),
  OPENAI_MODEL: z.string().optional(),
  MODEL_FIRST_TOKEN_TIMEOUT_MS: wholeNumber(10, 3_600_000, 60_000),
  MODEL_IDLE_TIMEOUT_MS: wholeNumber(10, 3_600_000, 60_000),
  OFFLINE_TOKEN_DELAY_MS: wholeNumber(0, 10_000, 15),
  MILEPOST_API_KEY: z.string().min(16, { error: 'must have at least 16 characters' }).optional(),
  MILEPOST_SECRET: z.string().min(32, { error: 'must have at least 32 characters' }).optional(),
  MILEPOST_DEMO: z.enum(['0', '1'], { error: 'must be 0 or 1' }).default('1'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      error: 'must be fatal, error, warn, info, debug, trace or silent',
    })
    .default('info'),
  CORS_ORIGINS: z
    .string()
    .default('')
    .transform((list) => list.split(',').map((origin) => origin.trim()))
    .transform((list) => list.filter((origin) => origin !== ''))
    .pipe(
      z.array(
        z.union([z.literal('*'), webUrl.transform((url) => new URL(url).origin)], {
          error: 'must be * or a list of origins such as https://app.example.com, separated by commas',
        }),
      ),
    ),
  BODY_LIMIT_BYTES: wholeNumber(1024, 104_857_600, 1_048_576),
  CONTEXT_TOKENS: wholeNumber(256, 10_000_000, 16_000),
  EVENT_LOG_BYTES: wholeNumber(1_048_576, 64 * 1_073_741_824, 268_435_456),
  SOCKET_BUFFER_BYTES: wholeNumber(16_384, 1_073_741_824, 4_194_304),
  HEADERS_TIMEOUT_MS: wholeNumber(10, 3_600_000, 15_000),
  REQUEST_TIMEOUT_MS: wholeNumber(10, 3_600_000, 60_000),
  MAX_CONNECTIONS: wholeNumber(1, 10_000_000, 20_000),
  STALL_TIMEOUT_MS: wholeNumber(10, 3_600_000, 60_000),
  SSE_HEARTBEAT_MS: wholeNumber(10, 3_600_000, 10_000),
  WEBSOCKET_KEEP_ALIVE_MS: wholeNumber(10, 3_600_000, 12_000),
  WEBHOOK_ALLOW_PRIVATE: z.enum(['0', '1'], { error: 'must be 0 or 1' }).default('0'),
  SHUTDOWN_DELAY_MS: wholeNumber(0, 600_000, 0),
  SHUTDOWN_GRACE_MS: wholeNumber(0, 600_000, 10_000),
  METRICS_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  METRICS_HOST: z.string().min(1).default('127.0.0.1'),
  OTEL_EXPORTER_OTLP_ENDPOINT: webUrl.optional(),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),
  ...LIMIT_VARIABLES,
});

/** Everything the process is told from outside, checked once. */
export interface Config {
  port: number;
  host: string;
  /** Undefined: the embedded PostgreSQL in the data folder. */
  databaseUrl: string | undefined;
  databasePoolSize: number;
  /** What many processes share; undefined: there is only this one. */
  redisUrl: string | undefined;
  dataDir: string;
  model: {
    apiKey: string | undefined;
    baseUrl: string | undefined;
    model: string | undefined;
    firstTokenTimeoutMs: number;
    idleTimeoutMs: number;
    offlineTokenDelayMs: number;
  };
  /** The first start's API key; undefined: one is made. */
  apiKey: string | undefined;
  /** Signs access tokens and cursors; undefined: kept in the data folder. */
  secret: string | undefined;
  demo: boolean;
  logLevel: string;
  corsOrigins: string[];
  bodyLimitBytes: number;
  limits: Limits;
  /** How much of a conversation's history is sent to the model, in tokens. */
  contextTokens: number;
  /** Bound of the event log's memory over all conversations, in bytes. */
  eventLogBytes: number;
  /** A socket with more unsent bytes than this is closed. */
  socketBufferBytes: number;
  /** The header of a request must have arrived by then, and the whole of it. */
  headersTimeoutMs: number;
  requestTimeoutMs: number;
  /** Connections beyond these are closed at once. */
  maxConnections: number;
  /** A client that takes nothing of an answer for so long is let go. */
  stallTimeoutMs: number;
  /** Server-sent events: a comment is sent after so much silence. */
  sseHeartbeatMs: number;
  /** A WebSocket is pinged so often; a client that does not answer by the next ping is gone. */
  webSocketKeepAliveMs: number;
  /** Whether webhooks may call private, loopback and link-local addresses. */
  webhookAllowPrivate: boolean;
  /** How long requests are still taken after the signal to stop, while the readiness check already says no. */
  shutdownDelayMs: number;
  shutdownGraceMs: number;
  /** Where Prometheus finds the metrics; undefined: nowhere. */
  metrics: { port: number; host: string } | undefined;
  /** Where traces are sent to, and which part of them; undefined: there are none. */
  tracing: { endpoint: string; ratio: number } | undefined;
  version: string;
}

/** A variable of the environment is wrong; the message names each one and what it should be. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The environment as a Config; throws ConfigError. An empty variable counts as unset. */
export function readConfig(environment: Record<string, string | undefined> = process.env): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = ENVIRONMENT.safeParse(given);
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map(({ path, message }) => `${path[0]?.toString()}: ${message}`).join('\n'),
    );
  }
  const env = parsed.data;
  if (env.DATABASE_URL && !env.MILEPOST_SECRET) {
    throw new ConfigError(
      'MILEPOST_SECRET: is required with DATABASE_URL (at least 32 characters, the same in every process)',
    );
  }
  return {
    port: env.PORT,
    host: env.HOST,
    databaseUrl: env.DATABASE_URL,
    databasePoolSize: env.DATABASE_POOL_SIZE,
    redisUrl: env.REDIS_URL,
    dataDir: env.MILEPOST_DATA_DIR,
    model: {
      apiKey: env.OPENAI_API_KEY,
      baseUrl: env.OPENAI_BASE_URL,
      model: env.OPENAI_MODEL,
      firstTokenTimeoutMs: env.MODEL_FIRST_TOKEN_TIMEOUT_MS,
      idleTimeoutMs: env.MODEL_IDLE_TIMEOUT_MS,
      offlineTokenDelayMs: env.OFFLINE_TOKEN_DELAY_MS,
    },
    apiKey: env.MILEPOST_API_KEY,
    secret: env.MILEPOST_SECRET,
    demo: env.MILEPOST_DEMO === '1',
    logLevel: env.LOG_LEVEL,
    corsOrigins: env.CORS_ORIGINS,
    bodyLimitBytes: env.BODY_LIMIT_BYTES,
    limits: limitsOf(env),
    contextTokens: env.CONTEXT_TOKENS,
    eventLogBytes: env.EVENT_LOG_BYTES,
    socketBufferBytes: env.SOCKET_BUFFER_BYTES,
    headersTimeoutMs: env.HEADERS_TIMEOUT_MS,
    requestTimeoutMs: env.REQUEST_TIMEOUT_MS,
    maxConnections: env.MAX_CONNECTIONS,
    stallTimeoutMs: env.STALL_TIMEOUT_MS,
    sseHeartbeatMs: env.SSE_HEARTBEAT_MS,
    webSocketKeepAliveMs: env.WEBSOCKET_KEEP_ALIVE_MS,
    webhookAllowPrivate: env.WEBHOOK_ALLOW_PRIVATE === '1',
    shutdownDelayMs: env.SHUTDOWN_DELAY_MS,
    shutdownGraceMs: env.SHUTDOWN_GRACE_MS,
    metrics: env.METRICS_PORT === undefined ? undefined : { port: env.METRICS_PORT, host: env.METRICS_HOST },
    tracing: env.OTEL_EXPORTER_OTLP_ENDPOINT
      ? { endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT, ratio: env.OTEL_TRACES_SAMPLER_ARG }
      : undefined,
    version: readVersion(),
  };
}

function readVersion(): string {
  return (JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8')) as { version: string })
    .version;
}
