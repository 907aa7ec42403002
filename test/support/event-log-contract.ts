import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventLog, LogEvent, LoggedEvent, LogPosition } from '../../src/turns/event-log.ts';

/** Events of the nth turn. */
export const eventsOfTurn = (turnNumber: number) => {
  const turn = { turnId: `trn_${turnNumber}`, turnNumber };
  return {
    received: { type: 'MessageReceived', messageId: `msg_${turnNumber}`, ...turn },
    started: { type: 'TurnStarted', ...turn },
    tokens: (text: string) => ({ type: 'TurnTokens', text, ...turn }),
    remembered: { type: 'MemoryRemembered', key: 'likes', value: 'tea', ...turn },
    completed: { type: 'TurnCompleted', ...turn },
    cancelled: { type: 'TurnCancelled', ...turn },
  } satisfies Record<string, LogEvent | ((text: string) => LogEvent)>;
};

/** What every event log promises, wherever it keeps its events. `create` makes one with nothing in it. */
export function describeEventLog(name: string, create: () => EventLog | Promise<EventLog>): void {
  describe(name, () => {
    let log: EventLog;
    let conversation: string;

    beforeEach(async () => {
      log = await create();
      conversation = `cnv_${randomUUID()}`;
    });
    afterEach(() => void log.close());

    const one = eventsOfTurn(1);
    const two = eventsOfTurn(2);
    const append = (...events: LogEvent[]) => {
      for (const event of events) log.append(conversation, event);
    };
    const present = async (): Promise<LogPosition> => (await log.state(conversation)).position;
    const behind = async (position: LogPosition): Promise<readonly LoggedEvent[]> => {
      const read = await log.read(conversation, position);
      if (read.gap) throw new Error('These events are gone.');
      return read.events;
    };
    /** Subscribes as readers do, who read before they wait. */
    const subscribe = async (wake: () => void) => {
      const leave = log.subscribe(conversation, wake);
      await log.read(conversation, await present());
      return leave;
    };
    const isGone = async (position: LogPosition) => (await log.read(conversation, position)).gap;

    describe('reading', () => {
      it('gives what was appended behind a position, in order', async () => {
        append(one.received);
        const position = await present();
        append(one.started, one.tokens('a'), one.remembered, one.tokens('b'), one.completed);
        expect((await behind(position)).map(({ type }) => type)).toEqual([
          'TurnStarted',
          'TurnTokens',
          'MemoryRemembered',
          'TurnTokens',
          'TurnCompleted',
        ]);
      });

      it('gives the text of pieces that were appended one upon the other, in as many pieces as it likes', async () => {
        const start = await present();
        const text = 'A tree 🌳, cut in the middle';
        append(one.started, ...text.split('').map(one.tokens));
        const pieces = (await behind(start)).map((event) => ('text' in event ? event.text : ''));
        expect(pieces.join('')).toBe(text);
      });

      it('gives events as they were appended', async () => {
        const start = await present();
        append(one.received, one.started, one.remembered, two.received);
        expect(await behind(start)).toMatchObject([one.received, one.started, one.remembered, two.received]);
      });

      it('gives what has just been appended, however often it was read before', async () => {
        const start = await present();
        expect(await behind(start)).toEqual([]);
        append(one.started);
        expect(await behind(start)).toHaveLength(1);
      });

      it('gives nothing behind the last event', async () => {
        append(one.started);
        expect(await behind(await present())).toEqual([]);
      });

      it('goes on behind any event', async () => {
        const start = await present();
        append(one.started, one.tokens('a'), one.remembered, one.tokens('b'));
        const [, , third] = await behind(start);
        expect(await behind({ ...start, sequence: third?.sequence ?? 0 })).toMatchObject([{ text: 'b' }]);
      });

      it('numbers events without a hole', async () => {
        const start = await present();
        append(one.started, one.tokens('a'), one.completed);
        expect((await behind(start)).map(({ sequence }) => sequence - start.sequence)).toEqual([1, 2, 3]);
      });

      it('counts the characters of the reply with each event', async () => {
        const start = await present();
        append(one.received, one.started, one.tokens('ab'), one.remembered, one.tokens('c'), one.completed);
        expect((await behind(start)).map(({ offset }) => offset)).toEqual([0, 0, 2, 2, 3, 3]);
      });

      it('keeps conversations apart', async () => {
        const start = await present();
        log.append(`${conversation}_other`, one.started);
        expect(await behind(start)).toEqual([]);
      });

      it('finds a gap behind a position of another log', async () => {
        append(one.started);
        expect(await isGone({ epoch: '0', sequence: 0 })).toBe(true);
      });

      it('finds a gap behind a position that has not been reached', async () => {
        append(one.started);
        const { epoch, sequence } = await present();
        expect(await isGone({ epoch, sequence: sequence + 1 })).toBe(true);
      });
    });

    describe('the present', () => {
      it('has no running turn before one has started', async () => {
        append(one.received);
        expect((await log.state(conversation)).running).toBeNull();
      });

      it('has the running turn with all of its text', async () => {
        append(one.received, one.started, one.tokens('a'), one.tokens('b'));
        expect((await log.state(conversation)).running).toEqual({ turnId: 'trn_1', turnNumber: 1, text: 'ab' });
      });

      it('has no running turn once it has ended', async () => {
        append(one.started, one.tokens('a'), one.completed);
        expect((await log.state(conversation)).running).toBeNull();
      });

      it('begins the text anew when the turn is begun again', async () => {
        append(one.started, one.tokens('a'), one.started, one.tokens('b'));
        expect((await log.state(conversation)).running?.text).toBe('b');
      });

      it('keeps the running turn when another is cancelled in the queue', async () => {
        append(one.received, one.started, one.tokens('a'), two.received, two.cancelled, one.tokens('b'));
        expect((await log.state(conversation)).running).toMatchObject({ turnId: 'trn_1', text: 'ab' });
      });

      it('knows the newest turn', async () => {
        append(one.received, one.started, two.received, one.tokens('a'));
        expect((await log.state(conversation)).newestTurn).toBe(2);
      });
    });

    describe('announcing', () => {
      const announce = () => log.announce(conversation, { id: 'trn_1', number: 1, messageId: 'msg_1' });

      it('tells of the message once, whoever announces it', async () => {
        const start = await present();
        announce();
        announce();
        expect(await behind(start)).toMatchObject([
          { type: 'MessageReceived', messageId: 'msg_1', turnId: 'trn_1', turnNumber: 1 },
        ]);
      });

      it('tells where the turn begins', async () => {
        append({ ...one.received, turnId: null, turnNumber: 0 });
        announce();
        append(one.started);
        const start = await log.startOf(conversation, { id: 'trn_1', number: 1 });
        expect((await behind(start as LogPosition)).map(({ type }) => type)).toEqual([
          'MessageReceived',
          'TurnStarted',
        ]);
      });

      it('knows no beginning of a turn it was not told of', async () => {
        append(two.received);
        expect(await log.startOf(conversation, { id: 'trn_1', number: 1 })).toBeNull();
      });
    });

    describe('waking', () => {
      it('calls after an append, when the event can be read', async () => {
        const start = await present();
        const woken = Promise.withResolvers<void>();
        await subscribe(woken.resolve);
        append(one.started);
        await woken.promise;
        expect(await behind(start)).toHaveLength(1);
      });

      it('calls every subscriber', async () => {
        const woken = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
        for (const { resolve } of woken) await subscribe(resolve);
        append(one.started);
        await Promise.all(woken.map(({ promise }) => promise));
      });

      it('calls nobody who has left', async () => {
        let calls = 0;
        (await subscribe(() => (calls += 1)))();
        const other = Promise.withResolvers<void>();
        await subscribe(other.resolve);
        append(one.started);
        await other.promise;
        expect(calls).toBe(0);
      });
    });

    describe('forgetting', () => {
      it('leaves a gap behind every position', async () => {
        const start = await present();
        append(one.received, one.started);
        log.forget(conversation);
        expect(await isGone(start)).toBe(true);
      });

      it('wakes the readers, who are still woken afterwards', async () => {
        let woken = Promise.withResolvers<void>();
        await subscribe(() => woken.resolve());
        log.forget(conversation);
        await woken.promise;
        woken = Promise.withResolvers();
        append(two.received);
        await woken.promise;
      });
    });

    describe('closing', () => {
      it('wakes the readers, and is over when the last one has left', async () => {
        const woken = Promise.withResolvers<void>();
        const leave = log.subscribe(conversation, woken.resolve);
        const closed = log.close();
        await woken.promise;
        expect(log.closed).toBe(true);
        leave();
        await closed;
      });

      it('is over at once without readers', async () => {
        append(one.started);
        await log.close();
      });
    });
  });
}
