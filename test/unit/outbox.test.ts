import { describe, expect, it } from 'vitest';
import { decode, Entry } from '../../src/redis/entries.ts';
import { Outbox } from '../../src/redis/outbox.ts';
import type { LogEvent } from '../../src/turns/event-log.ts';
import { eventsOfTurn } from '../support/event-log-contract.ts';

const { received, started, tokens, remembered, completed } = eventsOfTurn(1);

function filled(...events: LogEvent[]): Outbox {
  const outbox = new Outbox(100_000);
  for (const event of events) outbox.append('cnv_1', event);
  return outbox;
}

/** What an entry says: its kind, its events and the text they add. */
const shown = (entry: Entry) => [
  entry.kind,
  ...decode(entry.content, entry.count).map((event) => ('text' in event ? event.text : event.type)),
  ...(entry.text ? [`+${entry.text}`] : []),
];
const taken = (outbox: Outbox) => outbox.take().map(shown);

describe('what a process has to tell', () => {
  it('goes in the order in which it came, what is said in a turn together', () => {
    const outbox = filled(received, started, tokens('a'), tokens('b'), remembered, tokens('c'), completed);
    expect(taken(outbox)).toEqual([
      ['announce', 'MessageReceived'],
      ['start', 'TurnStarted'],
      ['say', 'ab', 'MemoryRemembered', 'c', '+abc'],
      ['end', 'TurnCompleted'],
    ]);
    expect(outbox.size).toBe(0);
  });

  it('is not added to what has been sent already', () => {
    const outbox = filled(started, tokens('a'));
    expect(taken(outbox).at(-1)).toEqual(['say', 'a', '+a']);
    outbox.append('cnv_1', tokens('b'));
    expect(taken(outbox)).toEqual([['say', 'b', '+b']]);
  });

  it('has pieces of text of a bounded length', () => {
    const outbox = filled(started, ...Array.from({ length: 30 }, () => tokens('x'.repeat(1000))));
    const [, say] = outbox.take();
    const pieces = decode((say as Entry).content, 100).map((event) => ('text' in event ? event.text.length : 0));
    expect([Math.max(...pieces) <= 10_000, pieces.reduce((sum, length) => sum + length)]).toEqual([true, 30_000]);
  });

  it('is the whole text of a turn that begins anew, and then the rest', () => {
    const outbox = filled(started, tokens('a'));
    const [, say] = outbox.take() as [Entry, Entry];
    outbox.append('cnv_1', tokens('b'));
    outbox.beginAnew(say);
    outbox.append('cnv_1', tokens('c'));
    expect(taken(outbox)).toEqual([['reset', '+abc']]);
    outbox.append('cnv_1', tokens('d'));
    expect(taken(outbox)).toEqual([['say', 'd', '+d']]);
  });

  it('begins a log anew once, in front of the end that it did not know', () => {
    const outbox = filled(started, tokens('a'), completed);
    const [, say, end] = outbox.take() as [Entry, Entry, Entry];
    for (const lost of [end, say]) outbox.beginAnew(lost);
    expect(taken(outbox)).toEqual([['reset'], ['end', 'TurnCompleted']]);
  });

  it('is bounded: what would be too much is told anew, and ends are kept', () => {
    const outbox = new Outbox(10_000);
    for (const event of [started, tokens('over'), completed]) outbox.append('cnv_1', event);
    outbox.append('cnv_2', started);
    for (let nth = 0; nth < 20; nth += 1) outbox.append('cnv_2', tokens('x'.repeat(1000)));
    expect(taken(outbox)).toEqual([['reset'], ['reset', `+${'x'.repeat(20_000)}`], ['end', 'TurnCompleted']]);
  });
});

describe('what is known of the turn that runs', () => {
  it('goes with the conversation', () => {
    const outbox = filled(started, tokens('a'));
    expect(outbox.told('cnv_1')?.text).toBe('a');
    outbox.add(new Entry('cnv_1', 'forget', { id: '', number: 0, attempt: -1 }));
    expect(outbox.told('cnv_1')).toBeNull();
  });

  it('is not mixed with what an earlier attempt of the same process still tells', () => {
    const outbox = filled({ ...started, attempt: 1 }, { ...tokens('a'), attempt: 1 });
    const earlier = outbox.take().at(-1) as Entry;
    for (const event of [
      { ...started, attempt: 2 },
      { ...tokens('a'), attempt: 2 },
    ])
      outbox.append('cnv_1', event);
    outbox.append('cnv_1', { ...tokens('b'), attempt: 1 });
    outbox.drop(earlier);
    expect(outbox.told('cnv_1')).toMatchObject({ turn: { attempt: 2 }, text: 'a' });
  });
});
