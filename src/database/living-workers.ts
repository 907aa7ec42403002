import type pg from 'pg';
import type { Logger } from 'pino';

/** Keeps our advisory locks apart from everybody else's. */
const LOCK_CLASS = 0x6d_69_6c_65;
const SWEEP_INTERVAL_MS = 5000;
const RECONNECT_DELAY_MS = 1000;

/**
 * Tells which workers are alive: each is named by an advisory lock of one session of its process, which the database
 * drops the moment the process is gone. Jobs that dead workers were at are given to others within seconds, not after the hours
 * that graphile-worker waits.
 */
export class LivingWorkers {
  readonly #pool: pg.Pool;
  readonly #log: Logger;
  readonly #ids = new Set<string>();
  #session: pg.PoolClient | null = null;
  #timer: NodeJS.Timeout | null = null;
  #reconnecting: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(pool: pg.Pool, log: Logger) {
    this.#pool = pool;
    this.#log = log;
  }

  async start(): Promise<void> {
    await this.#connect();
    await this.#sweep();
    this.#timer = setInterval(() => void this.#sweep().catch((error) => this.#warn(error)), SWEEP_INTERVAL_MS);
    this.#timer.unref();
  }

  add(id: string): void {
    this.#ids.add(id);
    // A session that breaks meanwhile locks all of them again.
    void this.#session?.query(LOCK, [LOCK_CLASS, id]).catch((error) => this.#warn(error));
  }

  remove(id: string): void {
    this.#ids.delete(id);
    void this.#session?.query('SELECT pg_advisory_unlock($1, hashtext($2))', [LOCK_CLASS, id]).catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer) clearInterval(this.#timer);
    if (this.#reconnecting) clearTimeout(this.#reconnecting);
    // Closed, not given back: its locks end with it.
    this.#session?.release(true);
    this.#session = null;
  }

  async #connect(): Promise<void> {
    const session = await this.#pool.connect();
    // A break before it is ours is told by the statement it breaks.
    session.on('error', (error) => {
      if (session !== this.#session) return;
      this.#session = null;
      session.release(true);
      this.#reconnect(error);
    });
    try {
      // A machine that vanished is noticed after half a minute.
      await session.query(
        'SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3',
      );
      for (const id of this.#ids) await session.query(LOCK, [LOCK_CLASS, id]);
      if (this.#stopped) session.release(true);
      else this.#session = session;
    } catch (error) {
      session.release(true);
      throw error;
    }
  }

  #reconnect(error: unknown): void {
    this.#warn(error);
    if (this.#stopped) return;
    this.#reconnecting = setTimeout(
      () => void this.#connect().catch((cause) => this.#reconnect(cause)),
      RECONNECT_DELAY_MS,
    );
    this.#reconnecting.unref();
  }

  /** Asked in another session than ours, to which its own locks would seem free. */
  async #sweep(): Promise<void> {
    await this.#pool.query(FREE_ABANDONED, [LOCK_CLASS]);
  }

  #warn(error: unknown): void {
    if (!this.#stopped)
      this.#log.warn({ err: error }, 'It could not be told which workers are alive; it will be tried again');
  }
}

const LOCK = 'SELECT pg_advisory_lock($1, hashtext($2))';

// A worker may take its first job a moment before its lock is there.
const FREE_ABANDONED = `
  WITH holders AS MATERIALIZED (
    SELECT DISTINCT locked_by FROM graphile_worker.jobs
    WHERE locked_by IS NOT NULL AND locked_at < now() - interval '3 seconds'
  ), dead AS MATERIALIZED (
    SELECT locked_by FROM holders WHERE pg_try_advisory_xact_lock($1, hashtext(locked_by))
  )
  SELECT graphile_worker.force_unlock_workers((SELECT array_agg(locked_by) FROM dead)) WHERE EXISTS (SELECT FROM dead)`;
