import { beforeEach, describe, expect, it, vi } from 'vitest';
import { UnavailableError } from '../../src/errors.ts';
import { type EventLog, isFinal } from '../../src/turns/event-log.ts';
import { MemoryEventLog } from '../../src/turns/memory-event-log.ts';
import { EventReader, type ReaderOptions, type ReaderStart } from '../../src/turns/reader.ts';
import { collectGarbage } from '../support/collect-garbage.ts';
import { eventsOfTurn } from '../support/event-log-contract.ts';

const { received, started, tokens, completed } = eventsOfTurn(1);
const NOTHING_MORE: ReaderStart = { events: [], position: null };

let log: MemoryEventLog;

beforeEach(() => {
  log = new MemoryEventLog({ maxBytes: 1_000_000, maxEvents: 16 });
  return () => void log.close();
});

function reader(options: Partial<ReaderOptions> = {}): EventReader {
  return new EventReader({
    log,
    conversationId: 'cnv_1',
    start: { events: [], position: log.state('cnv_1').position },
    cursorOf: (_epoch, { sequence }) => `${sequence}`,
    wanted: () => true,
    isLast: isFinal,
    recover: async () => NOTHING_MORE,
    isOver: async () => false,
    ...options,
  });
}

const append = (...events: Parameters<MemoryEventLog['append']>[1][]) => {
  for (const event of events) log.append('cnv_1', event);
};
const told = async (from: EventReader) => {
  const { done, value } = await from.next();
  return done ? 'end' : 'text' in value ? value.text : value.type;
};

describe('a reader', () => {
  it('waits for the next event', async () => {
    const reading = reader();
    const next = told(reading);
    append(tokens('a'));
    expect(await next).toBe('a');
  });

  it('keeps nothing of what it began with while it waits', async () => {
    const { position } = log.state('cnv_1');
    const snapshot = () => ({ type: 'StreamGap', turnId: 'trn_1', text: 'long ago', cursor: '0' }) as const;
    let start: ReaderStart | null = { events: [snapshot()], position };
    const kept = new WeakRef(start.events);
    const reading = reader({ start });
    start = null;
    expect(await told(reading)).toBe('long ago');
    const next = told(reading);
    // What is weakly held lives on until the task ends.
    await new Promise(setImmediate);
    collectGarbage();
    expect(kept.deref()).toBeUndefined();
    append(tokens('a'));
    expect(await next).toBe('a');
  });

  it('is told single pieces when it is fast', async () => {
    const reading = reader();
    const pieces: string[] = [];
    for (const piece of ['a', 'b', 'c']) {
      const next = told(reading);
      append(tokens(piece));
      pieces.push(await next);
    }
    expect(pieces).toEqual(['a', 'b', 'c']);
  });

  it('is told everything it has missed as one piece', async () => {
    const reading = reader();
    append(received, started, tokens('a'), tokens('b'), tokens('c'), completed);
    expect([await told(reading), await told(reading), await told(reading), await told(reading)]).toEqual([
      'MessageReceived',
      'TurnStarted',
      'abc',
      'TurnCompleted',
    ]);
  });

  it('is told very much in several pieces', async () => {
    const reading = reader();
    append(...Array.from({ length: 10 }, () => tokens('x'.repeat(10_000))));
    const lengths = [await told(reading), await told(reading), await told(reading)].map(({ length }) => length);
    expect(lengths).toEqual([40_000, 40_000, 20_000]);
  });

  it('gives a merged piece the cursor of its last part', async () => {
    const reading = reader();
    append(tokens('a'), tokens('b'));
    expect((await reading.next()).value).toMatchObject({
      text: 'ab',
      cursor: `${log.state('cnv_1').position.sequence}`,
    });
  });

  it('does not join what different turns say', async () => {
    const reading = reader({ isLast: () => false });
    append(tokens('a'), eventsOfTurn(2).tokens('b'));
    expect([await told(reading), await told(reading)]).toEqual(['a', 'b']);
  });

  it('passes over what is not wanted', async () => {
    const reading = reader({ wanted: ({ turnId }) => turnId === 'trn_2' });
    append(tokens('a'), eventsOfTurn(2).tokens('b'));
    expect(await told(reading)).toBe('b');
  });

  it('ends behind the last event and leaves the log', async () => {
    const reading = reader();
    append(completed);
    expect([await told(reading), await told(reading), log.readers]).toEqual(['TurnCompleted', 'end', 0]);
  });

  it('misses nothing that is appended while a log elsewhere is being read', async () => {
    let late = () => append(tokens('late'));
    const elsewhere: Pick<EventLog, 'read' | 'subscribe' | 'closed' | 'doubtAfterMs'> = {
      closed: false,
      doubtAfterMs: null,
      subscribe: (...args) => log.subscribe(...args),
      read: async (...args) => {
        const answer = log.read(...args);
        late();
        late = () => {};
        return answer;
      },
    };
    expect(await told(reader({ log: elsewhere }))).toBe('late');
  });
});

describe('a reader behind events that are gone', () => {
  it('is told what there is instead, and goes on there', async () => {
    const reading = reader({
      recover: async () => ({
        events: [{ type: 'StreamGap', turnId: 'trn_1', text: 'so far', cursor: 'now' }],
        position: log.state('cnv_1').position,
      }),
    });
    append(...Array.from({ length: 20 }, () => tokens('x')));
    expect(await told(reading)).toBe('so far');
    append(tokens('more'));
    expect(await told(reading)).toBe('more');
  });

  it('ends when there is nothing instead', async () => {
    const reading = reader();
    log.forget('cnv_1');
    append(started);
    expect([await told(reading), log.readers]).toEqual(['end', 0]);
  });

  it('leaves the log when that cannot be found out', async () => {
    const failure = new Error('The database is away');
    const reading = reader({ recover: () => Promise.reject(failure) });
    log.forget('cnv_1');
    append(started);
    await expect(reading.next()).rejects.toBe(failure);
    expect(log.readers).toBe(0);
  });
});

describe('leaving', () => {
  it('ends a read that waits', async () => {
    const reading = reader();
    const next = reading.next();
    await reading.return();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it('leaves nothing behind in the log', async () => {
    const reading = reader();
    const next = reading.next();
    expect(log.readers).toBe(1);
    await reading.return();
    await next;
    expect(log.readers).toBe(0);
  });

  it('may be done twice', async () => {
    const reading = reader();
    await reading.return();
    expect(await reading.return()).toEqual({ done: true, value: undefined });
  });
});

describe('a log that closes', () => {
  it('lets its readers have what they have not read, then fails them: there may be more elsewhere', async () => {
    const reading = reader();
    append(tokens('a'));
    const closed = log.close();
    expect(await told(reading)).toBe('a');
    await expect(reading.next()).rejects.toBeInstanceOf(UnavailableError);
    await closed;
  });

  it('fails a read that waits', async () => {
    const next = reader().next();
    void log.close();
    await expect(next).rejects.toBeInstanceOf(UnavailableError);
  });

  it('ends a reader that has been told the last event as always', async () => {
    const reading = reader();
    append(completed);
    await told(reading);
    void log.close();
    expect(await told(reading)).toBe('end');
  });
});

describe('a reader of a log that may lose an end', () => {
  const LOST_END: ReaderStart = {
    events: [{ type: 'TurnCancelled', turnId: 'trn_1', cursor: 'end' }],
    position: null,
  };
  const doubting = (options: Partial<ReaderOptions>) => {
    const lossy = {
      closed: false,
      doubtAfterMs: 1000,
      subscribe: log.subscribe.bind(log),
      read: log.read.bind(log),
    };
    return reader({ log: lossy, recover: async () => LOST_END, ...options });
  };

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    return () => vi.useRealTimers();
  });

  it('finds the end elsewhere after a long silence', async () => {
    const reading = doubting({ isOver: async () => true });
    const next = told(reading);
    vi.advanceTimersByTime(2000);
    expect(await next).toBe('TurnCancelled');
  });

  it('goes on waiting when there is none', async () => {
    const asked = Promise.withResolvers<void>();
    const reading = doubting({
      isOver: async () => {
        asked.resolve();
        return false;
      },
    });
    const next = told(reading);
    vi.advanceTimersByTime(2000);
    await asked.promise;
    append(tokens('late'));
    expect(await next).toBe('late');
  });

  it('asks nobody while events come', async () => {
    let asked = 0;
    const reading = doubting({
      isOver: async () => {
        asked += 1;
        return true;
      },
    });
    for (const piece of ['a', 'b', 'c']) {
      const next = told(reading);
      vi.advanceTimersByTime(1000);
      append(tokens(piece));
      expect(await next).toBe(piece);
    }
    expect(asked).toBe(0);
  });
});
