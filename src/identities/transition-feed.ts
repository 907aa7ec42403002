import type { Announcements } from '../announcements.ts';

/** Wakes those who follow the moves of a workspace, in every process. It carries nothing: whoever is woken reads the database. */
export interface TransitionFeed {
  notify(workspaceId: string): void;
  /** Calls `wake` after every notice until the function it returns is called. */
  subscribe(workspaceId: string, wake: () => void): () => void;
}

export function createTransitionFeed(announcements: Announcements): TransitionFeed {
  const followers = new Map<string, Set<() => void>>();
  announcements.listen((announcement) => {
    if (announcement.type === 'IdentitiesMoved')
      for (const wake of followers.get(announcement.workspaceId) ?? []) wake();
    if (announcement.type === 'AnnouncementsMissed')
      for (const those of followers.values()) for (const wake of those) wake();
  });
  return {
    notify: (workspaceId) => announcements.tell({ type: 'IdentitiesMoved', workspaceId }),
    subscribe(workspaceId, wake) {
      // The same function may be given twice; each subscription has its own end.
      const follower = () => wake();
      const others = followers.get(workspaceId) ?? new Set();
      followers.set(workspaceId, others.add(follower));
      return () => {
        others.delete(follower);
        if (others.size === 0 && followers.get(workspaceId) === others) followers.delete(workspaceId);
      };
    },
  };
}
