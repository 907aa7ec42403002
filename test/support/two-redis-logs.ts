import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { RedisConnection } from '../../src/redis/connection.ts';
import { RedisEventLog } from '../../src/redis/event-log.ts';
import type { LogEvent, LogPosition } from '../../src/turns/event-log.ts';
import { eventsOfTurn } from './event-log-contract.ts';
import { anyRedis } from './redis.ts';
import { type RedisLine, startRedisLine } from './redis-line.ts';

const log = pino({ level: process.env.LOG_LEVEL ?? 'silent' });

/** The events of a turn that has been begun so often. */
export const attempted = (attempt: number, turnNumber = 1) => {
  const { started, tokens, completed, remembered } = eventsOfTurn(turnNumber);
  return {
    started: { ...started, attempt },
    tokens: (text: string) => ({ ...tokens(text), attempt }),
    remembered: { ...remembered, attempt },
    completed: { ...completed, attempt },
  };
};

/** The event logs of two processes over one Redis, and a conversation, new for each test of the file. */
export class TwoRedisLogs {
  /** Reached over the line. */
  here!: RedisEventLog;
  elsewhere!: RedisEventLog;
  conversation = '';
  line!: RedisLine;
  /** Those of the two processes. */
  connections!: [RedisConnection, RedisConnection];

  constructor() {
    let redis: Awaited<ReturnType<typeof anyRedis>>;
    beforeAll(async () => {
      redis = await anyRedis();
      this.line = await startRedisLine(redis.url);
      this.connections = [new RedisConnection(this.line.url, log), new RedisConnection(redis.url, log)];
      await Promise.all(this.connections.map((connection) => connection.open()));
    });
    afterAll(async () => {
      await Promise.all(this.connections.map((connection) => connection.close()));
      await this.line.close();
      await redis.stop();
    });
    beforeEach(() => {
      this.conversation = `cnv_${randomUUID()}`;
      [this.here, this.elsewhere] = [this.newLog(0), this.newLog(1)];
    });
    afterEach(() => {
      void this.here.close();
      void this.elsewhere.close();
    });
  }

  /** Another log in one of the processes. */
  newLog(process: 0 | 1): RedisEventLog {
    return new RedisEventLog({ connection: this.connections[process], log, maxBytes: 1_000_000 });
  }

  /** What the log of the conversation, its entries and its text are called in Redis. */
  get keys(): [log: string, entries: string, text: string] {
    const key = `milepost:log:${this.conversation}`;
    return [key, `${key}:entries`, `${key}:text`];
  }

  append(at: RedisEventLog, ...events: LogEvent[]): void {
    for (const event of events) at.append(this.conversation, event);
  }

  async present(at: RedisEventLog): Promise<LogPosition> {
    return (await at.state(this.conversation)).position;
  }

  async behind(at: RedisEventLog, position: LogPosition) {
    const read = await at.read(this.conversation, position);
    return read.gap ? 'gap' : read.events.map((event) => ('text' in event ? event.text : event.type));
  }

  /** Everything that has come at a process, joined, once there is this at the end. */
  async until(at: RedisEventLog, position: LogPosition, last: string) {
    for (;;) {
      const woken = Promise.withResolvers<void>();
      const leave = at.subscribe(this.conversation, woken.resolve);
      const read = await this.behind(at, position);
      if (read === 'gap' || read.at(-1) === last) {
        leave();
        return read;
      }
      await woken.promise;
      leave();
    }
  }
}
