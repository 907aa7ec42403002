import { describe, expect, it } from 'vitest';
import type { Channels, Listener } from '../../src/redis/channels.ts';
import { FollowedLog, type LogPage } from '../../src/redis/followed-log.ts';

const EPOCH = 'e1';
const entry = (text: string) => `[1,"trn_1",0,"${text}"]`;
const at = (sequence: number) => ({ epoch: EPOCH, sequence });

/** A log that is followed, and everything it asks for. */
function follow() {
  let listening = Promise.withResolvers<void>();
  let listener: Listener | undefined;
  const asked: { after: number; answer(page: LogPage): void }[] = [];
  let bytes = 0;
  const channels: Pick<Channels, 'open' | 'leave' | 'listening'> = {
    open: (_name, one) => {
      listener = one;
    },
    leave: () => {},
    listening: () => listening.promise,
  };
  const log = new FollowedLog({
    channels: channels as Channels,
    channel: 'channel',
    fetch: ({ sequence }) =>
      new Promise((resolve) => {
        asked.push({ after: sequence, answer: resolve });
      }),
    onGrown: (more) => {
      bytes += more;
    },
  });
  /** What is behind a position without asking, as text. */
  const behind = (sequence: number) =>
    log.behind(at(sequence))?.map((event) => ('text' in event ? event.text : event.type));
  return {
    ...{ log, asked, behind },
    bytes: () => bytes,
    listens: () => listening.resolve(),
    lose() {
      listening = Promise.withResolvers();
      listener?.lost();
    },
    hear: (sequence: number, text: string, epoch = EPOCH) => listener?.hear(`${epoch} ${sequence} 1 ${entry(text)}`),
    /** Lets what is asked for be asked. */
    settle: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

/** One that has been read up to the first entry. */
async function followFrom(text = 'a') {
  const followed = follow();
  followed.listens();
  const read = followed.log.read(at(0));
  await followed.settle();
  followed.asked[0]?.answer([1, '1-1', entry(text)]);
  await read;
  return followed;
}

describe('a log that is followed', () => {
  it('is not read before everything that is appended is heard', async () => {
    const { log, asked, listens, settle } = follow();
    void log.read(at(0));
    await settle();
    expect(asked).toHaveLength(0);
    listens();
    await settle();
    expect(asked).toHaveLength(1);
  });

  it('has what was read, and what came since', async () => {
    const { behind, hear } = await followFrom();
    hear(2, 'b');
    expect([behind(0), behind(1), behind(2)]).toEqual([['a', 'b'], ['b'], []]);
  });

  it('has what came while it was being read, once', async () => {
    const { log, asked, behind, hear, listens, settle } = follow();
    listens();
    const read = log.read(at(0));
    await settle();
    for (const [nth, text] of ['a', 'b', 'c'].entries()) hear(nth + 1, text);
    asked[0]?.answer([2, '1-1', entry('a'), '2-1', entry('b')]);
    await read;
    expect(behind(0)).toEqual(['a', 'b', 'c']);
  });

  it('is asked for what does not join on', async () => {
    const { behind, hear } = await followFrom();
    hear(3, 'c');
    expect(behind(0)).toBeUndefined();
  });

  it('is asked for once another log has begun in its place, or the connection was lost', async () => {
    const begun = await followFrom();
    begun.hear(1, 'z', 'e2');
    expect(begun.behind(0)).toBeUndefined();
    const cut = await followFrom();
    cut.lose();
    expect(cut.behind(0)).toBeUndefined();
  });

  it('keeps nothing of a reading during which the connection was lost', async () => {
    const { log, asked, behind, listens, lose, settle } = follow();
    listens();
    const read = log.read(at(0));
    await settle();
    lose();
    asked[0]?.answer([1, '1-1', entry('a')]);
    expect(await read).toMatchObject({ events: [{ text: 'a' }] });
    expect(behind(0)).toBeUndefined();
  });

  it('has what an earlier reader asked for in front of what it had', async () => {
    const followed = follow();
    followed.listens();
    const later = followed.log.read(at(1));
    await followed.settle();
    followed.asked[0]?.answer([2, '2-1', entry('b')]);
    await later;
    const earlier = followed.log.read(at(0));
    await followed.settle();
    followed.asked[1]?.answer([2, '1-1', entry('a'), '2-1', entry('b')]);
    await earlier;
    expect(followed.behind(0)).toEqual(['a', 'b']);
  });

  it('tells of a gap', async () => {
    const { log, asked, listens, settle } = follow();
    listens();
    const read = log.read(at(7));
    await settle();
    asked[0]?.answer([-1]);
    expect(await read).toEqual({ gap: true });
  });

  it('wakes its readers with every entry, and when it has to be asked again', async () => {
    const { log, hear, lose } = await followFrom();
    let woken = 0;
    log.readers.add(() => {
      woken += 1;
    });
    hear(2, 'b');
    lose();
    expect(woken).toBe(2);
  });

  it('counts what it keeps, and gives it back', async () => {
    const { log, hear, bytes, behind } = await followFrom('x'.repeat(1000));
    expect(bytes()).toBeGreaterThan(1000);
    hear(2, 'b');
    log.shrink(1);
    expect(bytes()).toBeLessThan(1000);
    expect([behind(0), behind(1)]).toEqual([undefined, ['b']]);
    log.close();
    expect(bytes()).toBe(0);
  });
});
