import { expect, it } from 'vitest';
import { createLocalAnnouncements } from '../../src/announcements.ts';
import { FollowedTransitions } from '../../src/identities/followed-transitions.ts';
import { createTransitionFeed } from '../../src/identities/transition-feed.ts';
import { startTestApp } from '../support/app.ts';

const app = await startTestApp();

/** A feed that counts who listens. */
function countedFeed() {
  const feed = createTransitionFeed(createLocalAnnouncements());
  let listeners = 0;
  return {
    ...feed,
    listeners: () => listeners,
    subscribe(workspaceId: string, wake: () => void) {
      const end = feed.subscribe(workspaceId, wake);
      listeners++;
      return () => {
        listeners--;
        end();
      };
    },
  };
}

const follow = async () => {
  const feed = countedFeed();
  const { workspaceId, database } = app;
  const moves = new FollowedTransitions({ db: database.db, workspaceId, transitionFeed: feed }, { workspaceId });
  await moves.start();
  return { feed, moves };
};

it('listens while it is followed and no longer', async () => {
  const { feed, moves } = await follow();
  expect(feed.listeners()).toBe(1);
  await moves.return();
  expect(feed.listeners()).toBe(0);
});

it('can be left while it waits', async () => {
  const { moves } = await follow();
  const waiting = moves.next();
  await moves.return();
  expect(await waiting).toEqual({ done: true, value: undefined });
});

it('waits on when a notice brought nothing new', async () => {
  const { feed, moves } = await follow();
  const waiting = moves.next();
  feed.notify(app.workspaceId);
  feed.notify(app.workspaceId);
  await moves.return();
  expect((await waiting).done).toBe(true);
});

it('wakes those of its workspace only, and nobody who has left', () => {
  const feed = createTransitionFeed(createLocalAnnouncements());
  const woken: string[] = [];
  const leave = feed.subscribe('one', () => woken.push('left'));
  feed.subscribe('one', () => woken.push('stays'));
  feed.subscribe('two', () => woken.push('elsewhere'));
  leave();
  leave();
  feed.notify('one');
  feed.notify('nobody');
  expect(woken).toEqual(['stays']);
});
