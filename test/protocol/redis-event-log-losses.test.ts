import { beforeEach, describe, expect, it } from 'vitest';
import type { RedisEventLog } from '../../src/redis/event-log.ts';
import { eventsOfTurn } from '../support/event-log-contract.ts';
import { NO_REDIS_URL } from '../support/redis.ts';
import { attempted, TwoRedisLogs } from '../support/two-redis-logs.ts';

const SUITE = 'an event log in Redis that has lost something';

describe.skipIf(NO_REDIS_URL)(NO_REDIS_URL ? `${SUITE}: ${NO_REDIS_URL}` : SUITE, () => {
  const logs = new TwoRedisLogs();
  let here: RedisEventLog;
  let elsewhere: RedisEventLog;
  beforeEach(() => {
    ({ here, elsewhere } = logs);
  });
  const { received, cancelled } = eventsOfTurn(1);
  const first = attempted(1);

  it('begins anew with the text of the turn that runs', async () => {
    const start = await logs.present(elsewhere);
    logs.append(here, received, first.started, first.tokens('a'));
    await logs.present(here);
    await logs.connections[1].commands.del(...logs.keys);
    logs.append(here, first.tokens('b'));
    const { position, running } = await here.state(logs.conversation);
    logs.append(here, first.tokens('c'));
    await logs.present(here);
    expect(await logs.behind(elsewhere, start)).toBe('gap');
    expect([running?.text, await logs.behind(elsewhere, position)]).toEqual(['ab', ['c']]);
  });

  it('announces nothing that was there before it began anew', async () => {
    logs.append(here, received, first.started, first.tokens('a'));
    await logs.present(here);
    await logs.connections[1].commands.del(...logs.keys);
    logs.append(here, first.tokens('b'));
    const anew = await logs.present(here);
    elsewhere.announce(logs.conversation, { id: 'trn_1', number: 1, messageId: 'msg_1' });
    elsewhere.announce(logs.conversation, { id: 'trn_2', number: 2, messageId: 'msg_2' });
    await logs.present(elsewhere);
    expect(await logs.behind(here, anew)).toEqual(['MessageReceived']);
    expect((await elsewhere.state(logs.conversation)).newestTurn).toBe(2);
  });

  it('announces nothing that came before the message it begins anew with', async () => {
    elsewhere.announce(logs.conversation, { id: 'trn_2', number: 2, messageId: 'msg_2' });
    const anew = await logs.present(elsewhere);
    const turn = { id: 'trn_1', number: 1, messageId: 'msg_1' };
    here.announce(logs.conversation, turn);
    logs.append(here, first.started);
    await logs.present(here);
    expect(await logs.behind(here, anew)).toEqual(['TurnStarted']);
    expect(await Promise.all([here, elsewhere].map((at) => at.startOf(logs.conversation, turn)))).toEqual([anew, anew]);
  });

  it('has a gap in front of an end whose beginning it does not know', async () => {
    logs.append(here, first.started, first.tokens('a'));
    const { position } = await here.state(logs.conversation);
    await logs.connections[1].commands.del(...logs.keys);
    const anew = await logs.present(elsewhere);
    logs.append(here, first.completed);
    await logs.present(here);
    expect([await logs.behind(elsewhere, position), await logs.behind(elsewhere, anew)]).toEqual(['gap', 'gap']);
  });

  it('has a gap in front of such an end also when the next turn has begun meanwhile', async () => {
    logs.append(here, first.started, first.tokens('a'));
    await logs.present(here);
    await logs.connections[1].commands.del(...logs.keys);
    const anew = await logs.present(elsewhere);
    const second = attempted(1, 2);
    logs.append(elsewhere, second.started, second.tokens('b'));
    await logs.present(elsewhere);
    logs.append(here, first.tokens('lost'), first.completed);
    await logs.present(here);
    expect(await logs.behind(elsewhere, anew)).toBe('gap');
    logs.append(elsewhere, second.tokens('c'));
    expect((await elsewhere.state(logs.conversation)).running).toMatchObject({ turnId: 'trn_2', text: 'bc' });
  });

  it('begins anew when its server has been restarted since, whatever it had kept', async () => {
    logs.append(here, first.started, first.tokens('a'));
    const { position } = await here.state(logs.conversation);
    await logs.connections[1].commands.hset(logs.keys[0], 'run', 'an earlier one');
    logs.append(here, first.tokens('b'));
    const { running } = await here.state(logs.conversation);
    expect([running?.text, await logs.behind(here, position)]).toEqual(['ab', 'gap']);
  });

  it('has a gap where the oldest entries have been trimmed, and still the whole text', async () => {
    const start = await logs.present(here);
    logs.append(here, first.started, first.tokens('a'), first.remembered);
    await logs.present(here);
    logs.append(here, first.tokens('b'));
    await logs.present(here);
    await logs.connections[1].commands.xtrim(logs.keys[1], 'MAXLEN', 1);
    expect(await logs.behind(elsewhere, start)).toBe('gap');
    expect((await elsewhere.state(logs.conversation)).running?.text).toBe('ab');
  });

  it('begins anew when only its text was dropped', async () => {
    logs.append(here, first.started, first.tokens('a'));
    const { position } = await here.state(logs.conversation);
    await logs.connections[1].commands.del(logs.keys[2]);
    expect((await elsewhere.state(logs.conversation)).running).toBeNull();
    logs.append(here, first.tokens('b'));
    expect([(await here.state(logs.conversation)).running?.text, await logs.behind(here, position)]).toEqual([
      'ab',
      'gap',
    ]);
  });

  it('is not appended to twice by a process that does not know whether it was', async () => {
    const start = await logs.present(elsewhere);
    logs.append(here, first.started, first.tokens('a'));
    const { position } = await here.state(logs.conversation);
    const lost = logs.line.loseAnswer(position.epoch);
    logs.append(here, first.tokens('b'));
    await lost;
    logs.append(here, first.tokens('c'), cancelled);
    expect(String(await logs.until(elsewhere, start, 'TurnCancelled'))).toMatch(/^TurnStarted,a,b,?c,TurnCancelled$/);
  });

  it('is given up an hour after its last event', async () => {
    logs.append(here, first.started, first.tokens('a'), first.completed);
    await logs.present(here);
    const lives = await Promise.all(logs.keys.map((key) => logs.connections[1].commands.pttl(key)));
    const [hash, entries, text] = lives as [number, number, number];
    for (const life of [hash, entries]) expect(Math.abs(life - 3_600_000)).toBeLessThan(120_000);
    expect(text).toBe(-2);
  });
});
