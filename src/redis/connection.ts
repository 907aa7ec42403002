import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import { Channels } from './channels.ts';

/** REDIS_URL names something that no waiting will make work; the message says what. */
export class RedisError extends Error {
  override readonly name = 'RedisError';
}

/** What everything of ours in Redis is called first. */
export const PREFIX = 'milepost:';

const CONNECT_TIMEOUT_MS = 2000;
/** Somebody who says nothing for so long although he is asked is gone. */
const SILENCE_MS = 3000;
const PING_INTERVAL_MS = 2000;
const MAX_RETRY_DELAY_MS = 1000;
/** How long the start waits for a Redis that is away before it goes on without it. */
const START_PATIENCE_MS = 3000;

// Nothing is queued for a Redis that is away, and nothing sent twice: whoever asks knows best what is still worth asking.
const OPTIONS = {
  connectionName: 'milepost',
  connectTimeout: CONNECT_TIMEOUT_MS,
  socketTimeout: SILENCE_MS,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  retryStrategy: (attempt: number) => Math.min(2 ** attempt * 25, MAX_RETRY_DELAY_MS),
  // A replica that was a master before a failover: the address leads to the new master now.
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  lazyConnect: true,
} satisfies RedisOptions;

/** The two connections of a process to Redis: one asks, the other only listens. They come back by themselves. */
export class RedisConnection {
  /** Fails at once while Redis is away. */
  readonly commands: Redis;
  readonly listening: Redis;
  readonly channels: Channels;
  /** Channels are shared by all databases of a server. */
  readonly channelPrefix: string;
  readonly #log: Logger;
  /** The run of the server that each connection has reached. */
  readonly #runs = new Map<Redis, string>();
  readonly #watchers = new Set<() => void>();
  readonly #pings: NodeJS.Timeout;
  #run: string | null = null;
  #closing = false;
  #lost: Error | null = null;
  #warned = false;

  constructor(url: string, log: Logger) {
    this.#log = log;
    this.commands = new Redis(url, OPTIONS);
    this.listening = new Redis(url, OPTIONS);
    this.channelPrefix = `${PREFIX}${this.commands.options.db ?? 0}:`;
    this.channels = new Channels(this);
    for (const connection of [this.commands, this.listening]) this.#watch(connection);
    this.#pings = setInterval(() => this.#ping(), PING_INTERVAL_MS).unref();
  }

  /** Names one run of one server, from its start to its end; null while it cannot be reached. */
  get run(): string | null {
    return this.#run;
  }

  /** Calls `hear` whenever Redis has come or gone, until the function it returns is called. */
  onChange(hear: () => void): () => void {
    const watcher = () => hear();
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Resolves once Redis has been reached, or not for a while. Throws RedisError where waiting is of no use. */
  async open(): Promise<void> {
    const refused = Promise.withResolvers<never>();
    const onError = (error: Error) => {
      const refusal = refusalIn(error);
      if (refusal) refused.reject(new RedisError(refusal));
    };
    const reached = Promise.withResolvers<void>();
    const stopWatching = this.onChange(() => this.#run !== null && reached.resolve());
    const late = setTimeout(reached.resolve, START_PATIENCE_MS);
    for (const connection of [this.commands, this.listening]) {
      connection.on('error', onError);
      connection.connect().catch(onError);
    }
    try {
      await Promise.race([reached.promise, refused.promise]);
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      clearTimeout(late);
      stopWatching();
      for (const connection of [this.commands, this.listening]) connection.off('error', onError);
    }
    if (this.#run === null) this.#warn();
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#pings);
    this.channels.close();
    this.commands.disconnect();
    this.listening.disconnect();
  }

  #watch(connection: Redis): void {
    connection.on('ready', () => void this.#arrive(connection));
    connection.on('close', () => {
      this.#runs.delete(connection);
      this.#settle();
    });
    connection.on('error', (error) => {
      this.#lost = error;
    });
  }

  async #arrive(connection: Redis): Promise<void> {
    try {
      this.#runs.set(connection, runOf(await connection.info('server')));
    } catch (error) {
      this.#lost = error as Error;
      if (connection.status === 'ready') connection.disconnect(true);
      return;
    }
    const [one, other] = [this.commands, this.listening].map((each) => this.#runs.get(each));
    // In a failover the address may have led to two servers: what one says the other does not hear.
    if (one !== undefined && other !== undefined && one !== other) {
      const rest = connection === this.commands ? this.listening : this.commands;
      rest.disconnect(true);
    }
    this.#settle();
  }

  #settle(): void {
    const [one, other] = [this.commands, this.listening].map((each) => this.#runs.get(each));
    const run = one !== undefined && one === other ? one : null;
    if (run === this.#run || this.#closing) return;
    this.#run = run;
    if (run === null) this.#warn();
    else if (this.#warned) this.#log.info('Redis is reached again');
    if (run !== null) [this.#warned, this.#lost] = [false, null];
    for (const tell of this.#watchers) tell();
  }

  #warn(): void {
    this.#warned = true;
    this.#log.warn(this.#lost ? { err: this.#lost } : {}, 'Redis cannot be reached; it will be tried again');
  }

  /** A server that has vanished without a word is noticed by its silence. */
  #ping(): void {
    for (const connection of this.#runs.keys()) connection.ping().catch(() => undefined);
  }
}

function runOf(info: string): string {
  const run = /^run_id:(\w+)/m.exec(info)?.[1];
  if (!run) throw new Error('The server does not say which one it is (INFO server).');
  return run;
}

const REFUSALS: [RegExp, string][] = [
  [/^NOAUTH/, 'the server wants a password: redis://:password@host'],
  [/^WRONGPASS/, 'the server does not accept the user name or password'],
  [/^(NOPERM|DENIED)/, 'the server does not allow this user what Milepost needs'],
  [/DB index/, 'the server has no database of this number'],
  [/^Unknown RESP type/, 'what listens there does not speak as Redis does'],
];

/** Why the server would not have us, in words for an operator; null when it may have us later. */
function refusalIn({ message }: Error): string | null {
  const [, reason] = REFUSALS.find(([words]) => words.test(message)) ?? [];
  return reason ? `REDIS_URL: ${reason}.` : null;
}
