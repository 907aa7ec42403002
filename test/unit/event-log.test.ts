import { afterEach, describe, expect, it, vi } from 'vitest';
import type { LogPosition } from '../../src/turns/event-log.ts';
import { MemoryEventLog } from '../../src/turns/memory-event-log.ts';
import { describeEventLog, eventsOfTurn } from '../support/event-log-contract.ts';

const ROOM = 1_000_000;

describeEventLog('the event log in memory', () => new MemoryEventLog({ maxBytes: ROOM }));

describe('the memory of the event log', () => {
  const { received, started, tokens, completed } = eventsOfTurn(1);
  const behind = (log: MemoryEventLog, id: string, position: LogPosition) => {
    const read = log.read(id, position);
    return read.gap ? 'gap' : read.events.map((event) => ('text' in event ? event.text : event.type));
  };

  afterEach(() => vi.useRealTimers());

  it('is bounded for one conversation: its oldest events go', () => {
    const log = new MemoryEventLog({ maxBytes: ROOM, maxEvents: 8 });
    const { position } = log.state('cnv_1');
    for (const event of [received, started, ...'abcdefg'.split('').map(tokens)]) log.append('cnv_1', event);
    expect(behind(log, 'cnv_1', position)).toBe('gap');
    expect(behind(log, 'cnv_1', { ...position, sequence: position.sequence + 2 })).toEqual([
      'a',
      'b',
      'c',
      'd',
      'e',
      'f',
      'g',
    ]);
    log.close();
  });

  it('keeps the whole text of a running turn whose events have gone', () => {
    const log = new MemoryEventLog({ maxBytes: ROOM, maxEvents: 8 });
    for (const event of [received, started, ...'abcdefghijkl'.split('').map(tokens)]) log.append('cnv_1', event);
    expect(log.state('cnv_1').running?.text).toBe('abcdefghijkl');
    log.close();
  });

  it('does not announce a turn again whose announcement has gone', () => {
    const log = new MemoryEventLog({ maxBytes: ROOM, maxEvents: 8 });
    const two = eventsOfTurn(2);
    log.append('cnv_1', two.received);
    for (const event of [started, ...'abcdefgh'.split('').map(tokens)]) log.append('cnv_1', event);
    const { position } = log.state('cnv_1');
    log.announce('cnv_1', { id: 'trn_2', number: 2, messageId: 'msg_2' });
    expect(log.startOf('cnv_1', { id: 'trn_2', number: 2 })).toBeNull();
    expect(behind(log, 'cnv_1', position)).toEqual([]);
    log.close();
  });

  it('is bounded over all conversations: finished ones give way first, the longest unused before others', () => {
    const log = new MemoryEventLog({ maxBytes: 9900 });
    const places = ['cnv_old', 'cnv_new', 'cnv_running'].map((id) => [id, log.state(id).position] as const);
    for (const id of ['cnv_old', 'cnv_new']) for (const event of [received, started, completed]) log.append(id, event);
    log.append('cnv_running', started);
    log.append('cnv_running', tokens('x'.repeat(6000)));
    expect(places.map(([id, position]) => behind(log, id, position) === 'gap')).toEqual([true, false, false]);
    log.close();
  });

  it('is bounded also when every conversation is running', () => {
    const log = new MemoryEventLog({ maxBytes: 20_000 });
    for (let turn = 1; turn <= 200; turn += 1) {
      for (const id of ['cnv_1', 'cnv_2', 'cnv_3']) {
        if (turn === 1) log.append(id, started);
        log.append(id, tokens('x'.repeat(500)));
      }
      expect(log.bytes).toBeLessThanOrEqual(20_000);
    }
    log.close();
  });

  it('counts what tools were given and answered', () => {
    const log = new MemoryEventLog({ maxBytes: ROOM });
    const before = log.bytes;
    const turn = { turnId: 'trn_1', turnNumber: 1 };
    log.append('cnv_1', {
      type: 'TurnToolCalled',
      name: 'remember',
      arguments: 'x'.repeat(10_000),
      result: null,
      ...turn,
    });
    expect(log.bytes - before).toBeGreaterThan(10_000);
    log.close();
  });

  it('is given back an hour after the last event, unless somebody reads', () => {
    vi.useFakeTimers();
    const log = new MemoryEventLog({ maxBytes: ROOM });
    const empty = log.bytes;
    const leave = log.subscribe('cnv_1', () => {});
    for (const event of [received, started, completed]) log.append('cnv_1', event);
    vi.advanceTimersByTime(2 * 3_600_000);
    expect(log.bytes).toBeGreaterThan(empty);
    leave();
    vi.advanceTimersByTime(60_000);
    expect(log.bytes).toBe(empty);
    log.close();
  });

  it('counts its readers', () => {
    const log = new MemoryEventLog({ maxBytes: ROOM });
    const leave = log.subscribe('cnv_1', () => {});
    log.subscribe('cnv_2', () => {})();
    expect(log.readers).toBe(1);
    leave();
    leave();
    expect(log.readers).toBe(0);
    log.close();
  });
});
