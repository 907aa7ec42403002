/** The ways to have a turn: straight through the pipe, or through the server's doors. */
export type Door = 'pipe' | 'rest' | 'websocket' | 'graphql-sse' | 'blocking';

/** Where a job goes, and as whom. */
export interface Target {
  url: string;
  apiKey: string;
}

/** Turns, many at a time; every stream has conversations of its own. */
export interface TurnsJob extends Target {
  kind: 'turns';
  door: Door;
  /** The channel's key, which is the model's name. */
  channel: string;
  /** How many tokens each reply must have. */
  tokens: number;
  /** How many turns run at the same time. */
  streams: number;
  turnsPerStream: number;
  /** After so many turns a stream goes on with a new conversation. */
  turnsPerConversation: number;
  /** Over what time the streams begin, in milliseconds. */
  rampMs: number;
  /** Begins the names of the identities; the same name is the same conversation. */
  identityPrefix: string;
  /** Whether the identities must be made first. */
  createIdentities: boolean;
}

export interface TurnsResult {
  turns: number;
  tokens: number;
  errors: number;
  /** What the first errors said. */
  complaints: string[];
  seconds: number;
  firstTokenMs: { p50: number; p99: number };
  turnMs: { p50: number; p99: number };
}

/** Subscriptions that are opened and then only held. */
export interface IdleJob extends Target {
  kind: 'idle';
  door: 'websocket' | 'graphql-sse';
  conversationIds: string[];
}

export interface IdleResult {
  open: number;
  errors: number;
  complaints: string[];
}

/** One request, again and again. */
export interface RequestsJob extends Target {
  kind: 'requests';
  method: 'GET' | 'POST';
  path: string;
  body: string | null;
  repeat: number;
}

export interface RequestsResult {
  p50: number;
  p99: number;
  errors: number;
  complaints: string[];
}

export type Job = TurnsJob | IdleJob | RequestsJob;

/** From the parent to the load client: make ready, run, forget. */
export type Order = { order: 'prepare'; job: Job } | { order: 'run' } | { order: 'release' };
export type Report = { ready: true } | { result: unknown } | { failure: string };
