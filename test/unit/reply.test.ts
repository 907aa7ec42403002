import { describe, expect, it } from 'vitest';
import { Reply } from '../../src/turns/reply.ts';

/** A reply, all that was shown of it, and why it failed. */
function begin(commit: () => Promise<boolean>) {
  const shown: string[] = [];
  const failures: unknown[] = [];
  const reply = new Reply({ commit, show: (text) => shown.push(text), fail: (reason) => failures.push(reason) });
  return { reply, shown, failures };
}

describe('a reply', () => {
  it('is shown once that has been stored, what was said meanwhile in one piece', async () => {
    const stored = Promise.withResolvers<boolean>();
    const { reply, shown } = begin(() => stored.promise);
    for (const piece of ['One ', '', 't\0wo']) reply.say(piece);
    expect([shown, reply.shownText]).toEqual([[], '']);
    stored.resolve(true);
    await reply.shown();
    reply.say(' three');
    expect([shown, reply.shownText]).toEqual([['One two', ' three'], 'One two three']);
  });

  it.each([
    ['is no longer ours', async () => false, 'LOST'],
    ['is stopped before that could be stored', () => Promise.reject('CANCELLED'), 'CANCELLED'],
  ])('of a turn that %s has been shown to nobody', async (_what, commit, reason) => {
    const { reply, shown, failures } = begin(commit);
    reply.say('One ');
    await reply.shown();
    reply.say('two');
    expect([shown, reply.shownText, failures]).toEqual([[], '', [reason]]);
  });
});
