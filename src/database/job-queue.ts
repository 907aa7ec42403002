import { EventEmitter } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type Runner,
  type RunnerOptions,
  run,
  runMigrations,
  type TaskList,
  Logger as WorkerLogger,
} from 'graphile-worker';
import type pg from 'pg';
import type { Logger } from 'pino';
import type { Prisma } from '../generated/prisma/client.ts';
import { LivingWorkers } from './living-workers.ts';

/** Something to be done later, by any process. */
export interface NewJob {
  name: string;
  payload: Record<string, unknown>;
  /** Names the job: one that waits under the same key is replaced. */
  key: string;
  /** Not before this; undefined: at once. */
  runAt?: Date;
  /** How often it is tried at most: seconds apart at first, six hours in the end. */
  maxAttempts?: number;
}

/** A job while it runs. */
export interface RunningJob {
  payload: Record<string, unknown>;
  /** When it was to run. */
  dueAt: Date;
  /** Whether it is not tried again when this fails. */
  last: boolean;
  /** Aborted when the process stops and waits no longer. */
  signal: AbortSignal;
}

/** Does a job; one that throws is tried again. After a crash a job may run a second time, so it looks at what it finds. */
export type JobHandler = (job: RunningJob) => Promise<void>;

/** Kinds of jobs that share some workers, so that slow ones do not hold up others. */
export interface JobLane {
  concurrency: number;
  handlers: Record<string, JobHandler>;
}

/** Jobs kept in the database: they are there exactly if the transaction that made them was committed. */
export interface JobQueue {
  enqueue(tx: Pick<Prisma.TransactionClient, '$executeRaw'>, job: NewJob): Promise<void>;
  /** Installs what the queue needs in the database and begins to run jobs. */
  start(lanes: JobLane[]): Promise<void>;
  /** Takes no more jobs and waits for those that run; what is aborted runs again in another process. */
  stop(): Promise<void>;
}

export interface JobQueueOptions {
  openPool(maxConnections: number): pg.Pool;
  log: Logger;
  /** How long running jobs may take to finish when the process stops, in milliseconds. */
  graceMs: number;
}

const SCHEMA = 'graphile_worker';
/** How late a timer may be; jobs that are due at once are announced by the database. */
const POLL_INTERVAL_MS = 1000;
const RESTART_DELAY_MS = 2000;
/** The connections of jobs at most, opened when they are needed. Always open: one on which each lane listens, and one that shows that this process lives. */
export const JOB_CONNECTIONS = 10;

/** The job queue of this process, over graphile-worker. */
export function createJobQueue({ openPool, log, graceMs }: JobQueueOptions): JobQueue {
  let stop = async () => {};
  return {
    async enqueue(tx, { name, payload, key, runAt, maxAttempts }) {
      await tx.$executeRaw`
        SELECT FROM graphile_worker.add_job(
          identifier => ${name}, payload => ${JSON.stringify(payload)}::json, job_key => ${key},
          run_at => ${runAt ?? null}::timestamptz, max_attempts => ${maxAttempts ?? null}::int)`;
    },
    async start(lanes) {
      const pool = openPool(JOB_CONNECTIONS);
      // A connection that breaks while it is used reports so to whoever uses it.
      pool.on('connect', (client) => client.on('error', () => {}));
      await installJobs(pool, log);
      const living = new LivingWorkers(pool, log);
      await living.start();
      const running = lanes.map((lane) => new RunningLane(lane, { pool, living, log, graceMs }));
      stop = async () => {
        await Promise.all(running.map((lane) => lane.stop()));
        await living.stop();
        await pool.end();
      };
    },
    stop: () => stop(),
  };
}

/** Brings the queue's own tables up to date. */
export async function installJobs(pool: pg.Pool, log: Logger): Promise<void> {
  if (pool.listenerCount('connect') === 0) pool.on('connect', () => {});
  await runMigrations({ ...settings(pool, log), taskList: {} });
}

function settings(pgPool: pg.Pool, log: Logger): RunnerOptions {
  return { pgPool, schema: SCHEMA, noHandleSignals: true, logger: toWorkerLogger(log) };
}

/** The workers of one lane; begun again when they give up, as they do when the database stays away. */
class RunningLane {
  readonly #lane: JobLane;
  readonly #options: { pool: pg.Pool; living: LivingWorkers; log: Logger; graceMs: number };
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  #runner: Runner | null = null;

  constructor(lane: JobLane, options: { pool: pg.Pool; living: LivingWorkers; log: Logger; graceMs: number }) {
    this.#lane = lane;
    this.#options = options;
    this.#ended = this.#keepRunning();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    // It may be ending by itself.
    await this.#runner?.stop().catch(() => undefined);
    await this.#ended;
  }

  async #keepRunning(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        this.#runner = await this.#run();
        if (signal.aborted) await this.#runner.stop();
        await this.#runner.promise;
      } catch (error) {
        this.#options.log.error({ err: error }, 'Jobs cannot be run; it will be tried again');
      }
      await pause(RESTART_DELAY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  #run(): Promise<Runner> {
    const { pool, living, log, graceMs } = this.#options;
    const { concurrency, handlers } = this.#lane;
    const events = new EventEmitter();
    events.on('pool:create', ({ workerPool }: { workerPool: { id: string } }) => living.add(workerPool.id));
    events.on('pool:release', ({ workerPool }: { workerPool: { id: string } }) => living.remove(workerPool.id));
    return run({
      ...settings(pool, log),
      events,
      concurrency,
      pollInterval: POLL_INTERVAL_MS,
      gracefulShutdownAbortTimeout: graceMs,
      parsedCronItems: [],
      taskList: toTaskList(handlers),
      // One question to the database for all workers, not one for each; and without a batch nobody would wait, at the end, until
      // it is stored how jobs have ended.
      preset: {
        worker: { localQueue: { size: concurrency }, completeJobBatchDelay: 0, failJobBatchDelay: 0 },
      },
    });
  }
}

function toTaskList(handlers: Record<string, JobHandler>): TaskList {
  const tasks = Object.entries(handlers).map(([name, handle]): [string, TaskList[string]] => [
    name,
    (payload, { job, abortSignal }) =>
      handle({
        payload: payload as Record<string, unknown>,
        dueAt: new Date(job.run_at),
        last: job.attempts >= job.max_attempts,
        signal: abortSignal,
      }),
  ]);
  return Object.fromEntries(tasks);
}

/** What a job does is told by its handler; that it failed is told here, without the job's data. */
function toWorkerLogger(log: Logger): WorkerLogger {
  return new WorkerLogger(({ label, taskIdentifier, jobId }) => (level, message, { failure, error }) => {
    const scope = { label, job: taskIdentifier, jobId };
    if (failure) log.warn({ ...scope, err: error }, 'A job failed');
    else if (level === 'error') log.error({ ...scope, err: error }, message);
    else if (level === 'warning') log.warn(scope, message);
    else log.debug(scope, message);
  });
}
