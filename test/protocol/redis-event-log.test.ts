import { beforeEach, describe, expect, it } from 'vitest';
import type { RedisEventLog } from '../../src/redis/event-log.ts';
import { describeEventLog, eventsOfTurn } from '../support/event-log-contract.ts';
import { NO_REDIS_URL } from '../support/redis.ts';
import { attempted, TwoRedisLogs } from '../support/two-redis-logs.ts';

const SUITE = 'the event log in Redis';

describe.skipIf(NO_REDIS_URL)(NO_REDIS_URL ? `${SUITE}: ${NO_REDIS_URL}` : SUITE, () => {
  const logs = new TwoRedisLogs();
  let here: RedisEventLog;
  let elsewhere: RedisEventLog;
  beforeEach(() => {
    ({ here, elsewhere } = logs);
  });
  const { received } = eventsOfTurn(1);
  const first = attempted(1);

  describeEventLog('as every event log', () => logs.newLog(0));

  describe('of several processes', () => {
    it('gives at one what was appended at another, in the order in which it came', async () => {
      const start = await logs.present(elsewhere);
      logs.append(here, received, first.started, first.tokens('a'));
      await logs.present(here);
      logs.append(elsewhere, eventsOfTurn(2).received);
      await logs.present(elsewhere);
      logs.append(here, first.tokens('b'), first.completed);
      await logs.present(here);
      const expected = ['MessageReceived', 'TurnStarted', 'a', 'MessageReceived', 'b', 'TurnCompleted'];
      expect([await logs.behind(here, start), await logs.behind(elsewhere, start)]).toEqual([expected, expected]);
    });

    it('wakes readers at another', async () => {
      const start = await logs.present(elsewhere);
      const told = logs.until(elsewhere, start, 'TurnCompleted');
      logs.append(here, first.started, first.tokens('a'));
      await logs.present(here);
      logs.append(here, first.completed);
      expect(await told).toEqual(['TurnStarted', 'a', 'TurnCompleted']);
    });

    it('knows at another the turn that runs, with its text so far', async () => {
      logs.append(here, first.started, first.tokens('"a\n'), first.tokens('\ud83c'), first.tokens('\udf33'));
      await logs.present(here);
      expect((await elsewhere.state(logs.conversation)).running).toEqual({
        turnId: 'trn_1',
        turnNumber: 1,
        text: '"a\n🌳',
      });
    });

    it('announces a turn once, whoever knows of it first', async () => {
      const start = await logs.present(here);
      const turn = { id: 'trn_1', number: 1, messageId: 'msg_1' };
      here.announce(logs.conversation, turn);
      logs.append(here, first.started, first.tokens('a'), first.completed);
      await logs.present(here);
      for (const at of [elsewhere, here]) at.announce(logs.conversation, turn);
      await Promise.all([logs.present(here), logs.present(elsewhere)]);
      expect(await logs.behind(elsewhere, start)).toEqual(['MessageReceived', 'TurnStarted', 'a', 'TurnCompleted']);
      expect(await Promise.all([here, elsewhere].map((at) => at.startOf(logs.conversation, turn)))).toEqual([
        start,
        start,
      ]);
    });

    it('knows no beginning of a turn that had begun before its message was announced', async () => {
      logs.append(here, first.started, first.tokens('a'));
      await logs.present(here);
      const turn = { id: 'trn_1', number: 1, messageId: 'msg_1' };
      elsewhere.announce(logs.conversation, turn);
      expect(await Promise.all([here, elsewhere].map((at) => at.startOf(logs.conversation, turn)))).toEqual([
        null,
        null,
      ]);
    });

    it('is read from the middle of what was appended together', async () => {
      const start = await logs.present(here);
      logs.append(here, first.started, first.tokens('a'), first.remembered, first.tokens('b'));
      await logs.present(here);
      expect(await logs.behind(elsewhere, { ...start, sequence: start.sequence + 2 })).toEqual([
        'MemoryRemembered',
        'b',
      ]);
    });

    it('is read once for many readers, and not at all while they keep up', async () => {
      logs.append(here, first.started, first.tokens('a'));
      const start = { ...(await logs.present(here)), sequence: 0 };
      let questions = 0;
      const { commands } = logs.connections[1];
      const ask = commands.evalsha.bind(commands);
      commands.evalsha = ((...args: Parameters<typeof ask>) => {
        questions += 1;
        return ask(...args);
      }) as typeof ask;
      const all = Promise.all(Array.from({ length: 100 }, () => logs.until(elsewhere, start, 'TurnCompleted')));
      await logs.behind(elsewhere, start);
      logs.append(here, first.tokens('b'));
      await logs.present(here);
      logs.append(here, first.completed);
      expect(new Set((await all).map(String))).toEqual(new Set(['TurnStarted,a,b,TurnCompleted']));
      commands.evalsha = ask;
      expect(questions).toBe(1);
    });

    it('needs two connections of a process, however many conversations it follows', async () => {
      const clients = async () =>
        String(await logs.connections[1].commands.client('LIST')).match(/name=milepost /g)?.length;
      const before = await clients();
      for (let nth = 0; nth < 3000; nth += 1) elsewhere.subscribe(`${logs.conversation}_${nth}`, () => {});
      await elsewhere.read(`${logs.conversation}_2999`, { epoch: 'x', sequence: 0 });
      expect(await clients()).toBe(before);
    });
  });

  describe('of a turn that is begun again elsewhere', () => {
    it('drops what the older attempt still tells', async () => {
      const start = await logs.present(elsewhere);
      logs.append(here, first.started, first.tokens('a'));
      await logs.present(here);
      logs.append(elsewhere, attempted(2).started);
      await logs.present(elsewhere);
      logs.append(here, first.tokens('late'), first.remembered);
      await logs.present(here);
      logs.append(elsewhere, attempted(2).tokens('b'));
      await logs.present(elsewhere);
      expect(await logs.behind(elsewhere, start)).toEqual(['TurnStarted', 'a', 'TurnStarted', 'b']);
      expect((await here.state(logs.conversation)).running?.text).toBe('b');
    });

    it('drops what is told of one that has been taken over, and knows what it had shown', async () => {
      const start = await logs.present(elsewhere);
      logs.append(here, first.started, first.tokens('shown'));
      await logs.present(here);
      expect(await elsewhere.takeOver(logs.conversation, { id: 'trn_1', number: 1, attempt: 1 })).toBe('shown');
      logs.append(here, first.tokens(' late'));
      await logs.present(here);
      logs.append(elsewhere, eventsOfTurn(1).completed);
      await logs.present(elsewhere);
      logs.append(here, first.started, first.tokens('later'), first.completed);
      await logs.present(here);
      expect(await logs.behind(elsewhere, start)).toEqual(['TurnStarted', 'shown', 'TurnCompleted']);
    });

    it('has a gap in front of the end of one that was taken over, but ended by its own process', async () => {
      logs.append(here, first.started, first.tokens('shown'));
      const start = await logs.present(here);
      await elsewhere.takeOver(logs.conversation, { id: 'trn_1', number: 1, attempt: 1 });
      logs.append(here, first.tokens(' refused'));
      await logs.present(here);
      logs.append(here, first.completed);
      const { position, running } = await here.state(logs.conversation);
      expect([running, await logs.behind(elsewhere, start), await logs.behind(elsewhere, position)]).toEqual([
        null,
        'gap',
        [],
      ]);
    });

    it('keeps what is told late of a turn behind which another has begun', async () => {
      const start = await logs.present(here);
      logs.append(here, first.started, first.tokens('a'));
      await logs.present(here);
      logs.append(elsewhere, attempted(1, 2).started);
      await logs.present(elsewhere);
      logs.append(here, first.tokens('b'), first.completed);
      await logs.present(here);
      expect(await logs.behind(here, start)).toEqual(['TurnStarted', 'a', 'TurnStarted', 'b', 'TurnCompleted']);
      expect((await here.state(logs.conversation)).running).toMatchObject({ turnId: 'trn_2', text: '' });
    });
  });
});
