/** Wakes those who follow the moves of a workspace. It carries nothing: whoever is woken reads the database. */
export interface TransitionFeed {
  notify(workspaceId: string): void;
  /** Calls `wake` after every notice until the function it returns is called. */
  subscribe(workspaceId: string, wake: () => void): () => void;
}

export function createTransitionFeed(): TransitionFeed {
  const followers = new Map<string, Set<() => void>>();
  return {
    notify(workspaceId) {
      for (const wake of followers.get(workspaceId) ?? []) wake();
    },
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
