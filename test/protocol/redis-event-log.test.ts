import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RedisConnection } from '../../src/redis/connection.ts';
import { RedisEventLog } from '../../src/redis/event-log.ts';
import type { LogEvent, LogPosition } from '../../src/turns/event-log.ts';
import { describeEventLog, eventsOfTurn } from '../support/event-log-contract.ts';
import { anyRedis, NO_REDIS_URL } from '../support/redis.ts';
import { type RedisLine, startRedisLine } from '../support/redis-line.ts';

const log = pino({ level: process.env.LOG_LEVEL ?? 'silent' });
const SUITE = 'the event log in Redis';

describe.skipIf(NO_REDIS_URL)(NO_REDIS_URL ? `${SUITE}: ${NO_REDIS_URL}` : SUITE, () => {
  let redis: Awaited<ReturnType<typeof anyRedis>>;
  let line: RedisLine;
  /** Those of two processes. */
  let connections: [RedisConnection, RedisConnection];
  let here: RedisEventLog;
  let elsewhere: RedisEventLog;
  let conversation: string;

  beforeAll(async () => {
    redis = await anyRedis();
    line = await startRedisLine(redis.url);
    connections = [new RedisConnection(line.url, log), new RedisConnection(redis.url, log)];
    await Promise.all(connections.map((connection) => connection.open()));
  });
  afterAll(async () => {
    await Promise.all(connections.map((connection) => connection.close()));
    await line.close();
    await redis.stop();
  });
  beforeEach(() => {
    conversation = `cnv_${randomUUID()}`;
    [here, elsewhere] = connections.map(
      (connection) => new RedisEventLog({ connection, log, maxBytes: 1_000_000 }),
    ) as [RedisEventLog, RedisEventLog];
  });
  afterEach(() => {
    void here.close();
    void elsewhere.close();
  });

  describeEventLog(
    'as every event log',
    () => new RedisEventLog({ connection: connections[0], log, maxBytes: 1_000_000 }),
  );

  const keys = () =>
    [`milepost:log:${conversation}`, 'entries', 'text'].map((part, nth, [key]) => (nth ? `${key}:${part}` : part));
  const attempted = (attempt: number, turnNumber = 1) => {
    const { started, tokens, completed, remembered } = eventsOfTurn(turnNumber);
    return {
      started: { ...started, attempt },
      tokens: (text: string) => ({ ...tokens(text), attempt }),
      remembered: { ...remembered, attempt },
      completed: { ...completed, attempt },
    };
  };
  const { received, cancelled } = eventsOfTurn(1);
  const first = attempted(1);
  const append = (at: RedisEventLog, ...events: LogEvent[]) => {
    for (const event of events) at.append(conversation, event);
  };
  const present = async (at: RedisEventLog): Promise<LogPosition> => (await at.state(conversation)).position;
  const behind = async (at: RedisEventLog, position: LogPosition) => {
    const read = await at.read(conversation, position);
    return read.gap ? 'gap' : read.events.map((event) => ('text' in event ? event.text : event.type));
  };
  /** Everything that has come at a process, joined, once there is this at the end. */
  const until = async (at: RedisEventLog, position: LogPosition, last: string) => {
    for (;;) {
      const woken = Promise.withResolvers<void>();
      const leave = at.subscribe(conversation, woken.resolve);
      const read = await behind(at, position);
      if (read === 'gap' || read.at(-1) === last) {
        leave();
        return read;
      }
      await woken.promise;
      leave();
    }
  };

  describe('of several processes', () => {
    it('gives at one what was appended at another, in the order in which it came', async () => {
      const start = await present(elsewhere);
      append(here, received, first.started, first.tokens('a'));
      await present(here);
      append(elsewhere, eventsOfTurn(2).received);
      await present(elsewhere);
      append(here, first.tokens('b'), first.completed);
      await present(here);
      const expected = ['MessageReceived', 'TurnStarted', 'a', 'MessageReceived', 'b', 'TurnCompleted'];
      expect([await behind(here, start), await behind(elsewhere, start)]).toEqual([expected, expected]);
    });

    it('wakes readers at another', async () => {
      const start = await present(elsewhere);
      const told = until(elsewhere, start, 'TurnCompleted');
      append(here, first.started, first.tokens('a'));
      await present(here);
      append(here, first.completed);
      expect(await told).toEqual(['TurnStarted', 'a', 'TurnCompleted']);
    });

    it('knows at another the turn that runs, with its text so far', async () => {
      append(here, first.started, first.tokens('"a\n'), first.tokens('\ud83c'), first.tokens('\udf33'));
      await present(here);
      expect((await elsewhere.state(conversation)).running).toEqual({ turnId: 'trn_1', turnNumber: 1, text: '"a\n🌳' });
    });

    it('announces a turn once, whoever knows of it first', async () => {
      const start = await present(here);
      const turn = { id: 'trn_1', number: 1, messageId: 'msg_1' };
      here.announce(conversation, turn);
      append(here, first.started, first.tokens('a'), first.completed);
      await present(here);
      for (const at of [elsewhere, here]) at.announce(conversation, turn);
      await Promise.all([present(here), present(elsewhere)]);
      expect(await behind(elsewhere, start)).toEqual(['MessageReceived', 'TurnStarted', 'a', 'TurnCompleted']);
      expect(await Promise.all([here, elsewhere].map((at) => at.startOf(conversation, turn)))).toEqual([start, start]);
    });

    it('knows no beginning of a turn that had begun before its message was announced', async () => {
      append(here, first.started, first.tokens('a'));
      await present(here);
      const turn = { id: 'trn_1', number: 1, messageId: 'msg_1' };
      elsewhere.announce(conversation, turn);
      expect(await Promise.all([here, elsewhere].map((at) => at.startOf(conversation, turn)))).toEqual([null, null]);
    });

    it('is read from the middle of what was appended together', async () => {
      const start = await present(here);
      append(here, first.started, first.tokens('a'), first.remembered, first.tokens('b'));
      await present(here);
      expect(await behind(elsewhere, { ...start, sequence: start.sequence + 2 })).toEqual(['MemoryRemembered', 'b']);
    });

    it('is read once for many readers, and not at all while they keep up', async () => {
      append(here, first.started, first.tokens('a'));
      const start = { ...(await present(here)), sequence: 0 };
      let questions = 0;
      const { commands } = connections[1];
      const ask = commands.evalsha.bind(commands);
      commands.evalsha = ((...args: Parameters<typeof ask>) => {
        questions += 1;
        return ask(...args);
      }) as typeof ask;
      const all = Promise.all(Array.from({ length: 100 }, () => until(elsewhere, start, 'TurnCompleted')));
      await behind(elsewhere, start);
      append(here, first.tokens('b'));
      await present(here);
      append(here, first.completed);
      expect(new Set((await all).map(String))).toEqual(new Set(['TurnStarted,a,b,TurnCompleted']));
      commands.evalsha = ask;
      expect(questions).toBe(1);
    });

    it('needs two connections of a process, however many conversations it follows', async () => {
      const clients = async () => String(await connections[1].commands.client('LIST')).match(/name=milepost /g)?.length;
      const before = await clients();
      for (let nth = 0; nth < 3000; nth += 1) elsewhere.subscribe(`${conversation}_${nth}`, () => {});
      await elsewhere.read(`${conversation}_2999`, { epoch: 'x', sequence: 0 });
      expect(await clients()).toBe(before);
    });
  });

  describe('of a turn that is begun again elsewhere', () => {
    it('drops what the older attempt still tells', async () => {
      const start = await present(elsewhere);
      append(here, first.started, first.tokens('a'));
      await present(here);
      append(elsewhere, attempted(2).started);
      await present(elsewhere);
      append(here, first.tokens('late'), first.remembered);
      await present(here);
      append(elsewhere, attempted(2).tokens('b'));
      await present(elsewhere);
      expect(await behind(elsewhere, start)).toEqual(['TurnStarted', 'a', 'TurnStarted', 'b']);
      expect((await here.state(conversation)).running?.text).toBe('b');
    });

    it('drops what is told of one that has been taken over, and knows what it had shown', async () => {
      const start = await present(elsewhere);
      append(here, first.started, first.tokens('shown'));
      await present(here);
      expect(await elsewhere.takeOver(conversation, { id: 'trn_1', number: 1, attempt: 1 })).toBe('shown');
      append(here, first.tokens(' late'));
      await present(here);
      append(elsewhere, eventsOfTurn(1).completed);
      await present(elsewhere);
      append(here, first.started, first.tokens('later'), first.completed);
      await present(here);
      expect(await behind(elsewhere, start)).toEqual(['TurnStarted', 'shown', 'TurnCompleted']);
    });

    it('has a gap in front of the end of one that was taken over, but ended by its own process', async () => {
      append(here, first.started, first.tokens('shown'));
      const start = await present(here);
      await elsewhere.takeOver(conversation, { id: 'trn_1', number: 1, attempt: 1 });
      append(here, first.tokens(' refused'));
      await present(here);
      append(here, first.completed);
      const { position, running } = await here.state(conversation);
      expect([running, await behind(elsewhere, start), await behind(elsewhere, position)]).toEqual([null, 'gap', []]);
    });

    it('keeps what is told late of a turn behind which another has begun', async () => {
      const start = await present(here);
      append(here, first.started, first.tokens('a'));
      await present(here);
      append(elsewhere, attempted(1, 2).started);
      await present(elsewhere);
      append(here, first.tokens('b'), first.completed);
      await present(here);
      expect(await behind(here, start)).toEqual(['TurnStarted', 'a', 'TurnStarted', 'b', 'TurnCompleted']);
      expect((await here.state(conversation)).running).toMatchObject({ turnId: 'trn_2', text: '' });
    });
  });

  describe('that has lost something', () => {
    it('begins anew with the text of the turn that runs', async () => {
      const start = await present(elsewhere);
      append(here, received, first.started, first.tokens('a'));
      await present(here);
      await connections[1].commands.del(...keys());
      append(here, first.tokens('b'));
      const { position, running } = await here.state(conversation);
      append(here, first.tokens('c'));
      await present(here);
      expect(await behind(elsewhere, start)).toBe('gap');
      expect([running?.text, await behind(elsewhere, position)]).toEqual(['ab', ['c']]);
    });

    it('announces nothing that was there before it began anew', async () => {
      append(here, received, first.started, first.tokens('a'));
      await present(here);
      await connections[1].commands.del(...keys());
      append(here, first.tokens('b'));
      const anew = await present(here);
      elsewhere.announce(conversation, { id: 'trn_1', number: 1, messageId: 'msg_1' });
      elsewhere.announce(conversation, { id: 'trn_2', number: 2, messageId: 'msg_2' });
      await present(elsewhere);
      expect(await behind(here, anew)).toEqual(['MessageReceived']);
      expect((await elsewhere.state(conversation)).newestTurn).toBe(2);
    });

    it('announces nothing that came before the message it begins anew with', async () => {
      elsewhere.announce(conversation, { id: 'trn_2', number: 2, messageId: 'msg_2' });
      const anew = await present(elsewhere);
      const turn = { id: 'trn_1', number: 1, messageId: 'msg_1' };
      here.announce(conversation, turn);
      append(here, first.started);
      await present(here);
      expect(await behind(here, anew)).toEqual(['TurnStarted']);
      expect(await Promise.all([here, elsewhere].map((at) => at.startOf(conversation, turn)))).toEqual([anew, anew]);
    });

    it('has a gap in front of an end whose beginning it does not know', async () => {
      append(here, first.started, first.tokens('a'));
      const { position } = await here.state(conversation);
      await connections[1].commands.del(...keys());
      const anew = await present(elsewhere);
      append(here, first.completed);
      await present(here);
      expect([await behind(elsewhere, position), await behind(elsewhere, anew)]).toEqual(['gap', 'gap']);
    });

    it('has a gap in front of such an end also when the next turn has begun meanwhile', async () => {
      append(here, first.started, first.tokens('a'));
      await present(here);
      await connections[1].commands.del(...keys());
      const anew = await present(elsewhere);
      const second = attempted(1, 2);
      append(elsewhere, second.started, second.tokens('b'));
      await present(elsewhere);
      append(here, first.tokens('lost'), first.completed);
      await present(here);
      expect(await behind(elsewhere, anew)).toBe('gap');
      append(elsewhere, second.tokens('c'));
      expect((await elsewhere.state(conversation)).running).toMatchObject({ turnId: 'trn_2', text: 'bc' });
    });

    it('begins anew when its server has been restarted since, whatever it had kept', async () => {
      append(here, first.started, first.tokens('a'));
      const { position } = await here.state(conversation);
      await connections[1].commands.hset(keys()[0] as string, 'run', 'an earlier one');
      append(here, first.tokens('b'));
      const { running } = await here.state(conversation);
      expect([running?.text, await behind(here, position)]).toEqual(['ab', 'gap']);
    });

    it('has a gap where the oldest entries have been trimmed, and still the whole text', async () => {
      const start = await present(here);
      append(here, first.started, first.tokens('a'), first.remembered);
      await present(here);
      append(here, first.tokens('b'));
      await present(here);
      await connections[1].commands.xtrim(keys()[1] as string, 'MAXLEN', 1);
      expect(await behind(elsewhere, start)).toBe('gap');
      expect((await elsewhere.state(conversation)).running?.text).toBe('ab');
    });

    it('begins anew when only its text was dropped', async () => {
      append(here, first.started, first.tokens('a'));
      const { position } = await here.state(conversation);
      await connections[1].commands.del(keys()[2] as string);
      expect((await elsewhere.state(conversation)).running).toBeNull();
      append(here, first.tokens('b'));
      expect([(await here.state(conversation)).running?.text, await behind(here, position)]).toEqual(['ab', 'gap']);
    });

    it('is not appended to twice by a process that does not know whether it was', async () => {
      const start = await present(elsewhere);
      append(here, first.started, first.tokens('a'));
      const { position } = await here.state(conversation);
      const lost = line.loseAnswer(position.epoch);
      append(here, first.tokens('b'));
      await lost;
      append(here, first.tokens('c'), cancelled);
      expect(String(await until(elsewhere, start, 'TurnCancelled'))).toMatch(/^TurnStarted,a,b,?c,TurnCancelled$/);
    });

    it('is given up an hour after its last event', async () => {
      append(here, first.started, first.tokens('a'), first.completed);
      await present(here);
      const lives = await Promise.all(keys().map((key) => connections[1].commands.pttl(key)));
      const [hash, entries, text] = lives as [number, number, number];
      for (const life of [hash, entries]) expect(Math.abs(life - 3_600_000)).toBeLessThan(120_000);
      expect(text).toBe(-2);
    });
  });
});
