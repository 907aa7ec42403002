/** What one process tells the others, so that they look again. It carries ids, never anything that must not be lost. */
export type Announcement =
  | { type: 'IdentitiesMoved'; workspaceId: string }
  | { type: 'CancelRequested'; turnId: string }
  | { type: 'ConversationErased'; conversationId: string }
  /** A channel, worker, assistant or stage of the workspace is no longer what it was. */
  | { type: 'RoutingChanged'; workspaceId: string }
  | { type: 'ApiKeyChanged'; apiKeyId: string }
  /** A process that stops leaves turns of the conversation waiting. */
  | { type: 'TurnsWaiting'; workspaceId: string; conversationId: string }
  /** This process has not heard the others for a while: whatever they may have told has to be looked at. */
  | { type: 'AnnouncementsMissed' };

/** Carries announcements: to the listeners of this process before `tell` returns, to other processes soon after, if at all. */
export interface Announcements {
  tell(announcement: Announcement): void;
  /** Calls `hear` with every announcement, of whatever process, until the function it returns is called. */
  listen(hear: (announcement: Announcement) => void): () => void;
}

/** Announcements within one process. */
export function createLocalAnnouncements(): Announcements {
  const listeners = new Set<(announcement: Announcement) => void>();
  return {
    tell(announcement) {
      for (const hear of listeners) hear(announcement);
    },
    listen(hear) {
      // The same function may be given twice; each time has its own end.
      const listener = (announcement: Announcement) => hear(announcement);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
