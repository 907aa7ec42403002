// Everything that is bounded for each caller, or in what a caller sends: the variables and what they become.
import { z } from 'zod';

/** Longest text anybody may say or write, in characters. */
export const MAX_TEXT_LENGTH = 100_000;
/** Longest template, in characters. */
export const MAX_TEMPLATE_LENGTH = 65_536;
/** Largest metadata, settings or memory value, in characters of its JSON. */
export const MAX_JSON_LENGTH = 16_384;

export const wholeNumber = (min: number, max: number, preset: number) => {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.coerce.number({ error }).int({ error }).min(min, { error }).max(max, { error }).default(preset);
};
const toggle = (preset: '0' | '1') =>
  z
    .enum(['0', '1'], { error: 'must be 0 or 1' })
    .default(preset)
    .transform((value) => value === '1');
/** 0 sets no limit. */
const perMinute = wholeNumber(0, 100_000_000, 0);

export const LIMIT_VARIABLES = {
  GRAPHQL_MAX_DEPTH: wholeNumber(1, 1000, 20),
  GRAPHQL_MAX_COST: wholeNumber(1, 1_000_000_000, 50_000),
  GRAPHQL_MAX_ALIASES: wholeNumber(0, 100_000, 50),
  GRAPHQL_MAX_TOKENS: wholeNumber(10, 1_000_000, 2000),
  GRAPHQL_MAX_DIRECTIVES: wholeNumber(0, 100_000, 50),
  GRAPHQL_INTROSPECTION: toggle('1'),
  GRAPHQL_EXPLORER: toggle('1'),
  GRAPHQL_OPERATIONS: z.string().optional(),
  GRAPHQL_OPERATIONS_ONLY: toggle('0'),
  MAX_PAGE_SIZE: wholeNumber(1, 100, 100),
  MAX_TEXT_LENGTH: wholeNumber(100, MAX_TEXT_LENGTH, MAX_TEXT_LENGTH),
  MAX_TEMPLATE_LENGTH: wholeNumber(100, MAX_TEMPLATE_LENGTH, MAX_TEMPLATE_LENGTH),
  MAX_JSON_LENGTH: wholeNumber(100, MAX_JSON_LENGTH, MAX_JSON_LENGTH),
  CONNECTIONS_PER_KEY: wholeNumber(1, 10_000_000, 10_000),
  SUBSCRIPTIONS_PER_SOCKET: wholeNumber(1, 1_000_000, 1000),
  SOCKET_IDLE_MS: wholeNumber(10, 86_400_000, 600_000),
  REQUESTS_PER_MINUTE_PER_KEY: perMinute,
  REQUESTS_PER_MINUTE_PER_IDENTITY: perMinute,
  TURNS_PER_MINUTE_PER_KEY: perMinute,
  TURNS_PER_MINUTE_PER_IDENTITY: perMinute,
  TURNS_AT_ONCE_PER_WORKSPACE: wholeNumber(0, 10_000_000, 0),
};

type LimitVariables = z.output<z.ZodObject<typeof LIMIT_VARIABLES>>;

/** What an operation of GraphQL may be. */
export interface OperationLimits {
  /** How deeply its fields may be nested. */
  maxDepth: number;
  /** How many fields its answer may have, by what its lists may hold. */
  maxCost: number;
  maxAliases: number;
  maxTokens: number;
  maxDirectives: number;
  /** Whether the schema may be asked for. */
  introspection: boolean;
  /** A file or folder of operations that clients may name by their hash; undefined: there are none. */
  operations: string | undefined;
  /** Whether no others are executed. */
  operationsOnly: boolean;
}

/** How large may be what callers send, in characters, and how many items a page may have. */
export interface Sizes {
  pageSize: number;
  textLength: number;
  templateLength: number;
  jsonLength: number;
}

/** How often something may be done in a minute; 0: as often as one likes. */
export interface Rates {
  requestsPerKey: number;
  requestsPerIdentity: number;
  turnsPerKey: number;
  turnsPerIdentity: number;
}

export interface Limits {
  graphql: OperationLimits;
  /** Whether the page to try GraphQL with is served. */
  explorer: boolean;
  sizes: Sizes;
  rates: Rates;
  /** Turns of a workspace that have not ended; 0: any number. */
  turnsAtOnce: number;
  /** WebSockets and event streams that one API key may hold open in this process, with the access tokens it has made. */
  connectionsPerKey: number;
  subscriptionsPerSocket: number;
  /** A WebSocket on which nothing is going on is closed after so long. */
  socketIdleMs: number;
}

export function limitsOf(env: LimitVariables): Limits {
  return {
    graphql: {
      maxDepth: env.GRAPHQL_MAX_DEPTH,
      maxCost: env.GRAPHQL_MAX_COST,
      maxAliases: env.GRAPHQL_MAX_ALIASES,
      maxTokens: env.GRAPHQL_MAX_TOKENS,
      maxDirectives: env.GRAPHQL_MAX_DIRECTIVES,
      introspection: env.GRAPHQL_INTROSPECTION,
      operations: env.GRAPHQL_OPERATIONS,
      operationsOnly: env.GRAPHQL_OPERATIONS_ONLY,
    },
    explorer: env.GRAPHQL_EXPLORER,
    sizes: {
      pageSize: env.MAX_PAGE_SIZE,
      textLength: env.MAX_TEXT_LENGTH,
      templateLength: env.MAX_TEMPLATE_LENGTH,
      jsonLength: env.MAX_JSON_LENGTH,
    },
    rates: {
      requestsPerKey: env.REQUESTS_PER_MINUTE_PER_KEY,
      requestsPerIdentity: env.REQUESTS_PER_MINUTE_PER_IDENTITY,
      turnsPerKey: env.TURNS_PER_MINUTE_PER_KEY,
      turnsPerIdentity: env.TURNS_PER_MINUTE_PER_IDENTITY,
    },
    turnsAtOnce: env.TURNS_AT_ONCE_PER_WORKSPACE,
    connectionsPerKey: env.CONNECTIONS_PER_KEY,
    subscriptionsPerSocket: env.SUBSCRIPTIONS_PER_SOCKET,
    socketIdleMs: env.SOCKET_IDLE_MS,
  };
}
