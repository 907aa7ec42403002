/** One HTTP request, or one operation over a WebSocket, that has been answered. */
export interface RequestFigures {
  method: string;
  /** The pattern it matched, never its own path. */
  route: string;
  status: number;
  seconds: number;
}

/** One turn that has ended here. */
export interface TurnFigures {
  outcome: 'completed' | 'cancelled' | 'failed';
  /** Why it failed; null when it did not. */
  code: string | null;
  inputTokens: number;
  outputTokens: number;
  /** From its beginning to the first text shown; null: there was none. */
  firstTextSeconds: number | null;
  /** From its beginning to its end; null: that was in another process. */
  seconds: number | null;
}

/** One request to the model. */
export interface ModelCallFigures {
  /** `ok`, `aborted`, or the code of a ModelError. */
  outcome: string;
  seconds: number;
}

/** One attempt at a job. */
export interface JobFigures {
  name: string;
  outcome: 'done' | 'failed';
  /** How long after it was due it began. */
  delaySeconds: number;
}

/** What can be read at any moment; asked for when somebody looks. */
export interface Readings {
  runningTurns(): number;
  /** Open WebSockets. */
  sockets(): number;
  /** What the event log keeps in the memory of this process. */
  eventLogBytes(): number;
  /** Connections to the database. */
  pool(): { total: number; idle: number; waiting: number };
}

/** Which way an open stream of events goes. */
export type StreamDoor = 'rest' | 'graphql_sse' | 'websocket';

/** Counts what happens: once per request, turn, call or job, never per token. */
export interface Metrics {
  requestEnded(figures: RequestFigures): void;
  turnEnded(figures: TurnFigures): void;
  modelCallEnded(figures: ModelCallFigures): void;
  jobEnded(figures: JobFigures): void;
  streamOpened(door: StreamDoor): void;
  streamClosed(door: StreamDoor): void;
  /** Where the readings come from. */
  observe(readings: Readings): void;
}

const nothing = () => {};

/** When nobody looks. */
export const NO_METRICS: Metrics = {
  requestEnded: nothing,
  turnEnded: nothing,
  modelCallEnded: nothing,
  jobEnded: nothing,
  streamOpened: nothing,
  streamClosed: nothing,
  observe: nothing,
};
