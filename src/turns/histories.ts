import { LRUCache } from 'lru-cache';
import type { Announcements } from '../announcements.ts';
import type { DatedMessage } from './prompt-parts.ts';

/** What had been said in a conversation at a revision of it. */
export interface KnownHistory {
  conversationId: string;
  revision: number;
  /** Newest first. */
  messages: DatedMessage[];
}

const MAX_BYTES = 64 * 1024 * 1024;
/** Who has been silent for so long is not in the middle of a conversation. */
const EXPIRY_MS = 600_000;
/** What a message takes besides its text, roughly. */
const MESSAGE_BYTES = 150;

/**
 * The histories of the conversations whose turns have ended in this process last: a long one need not be read again for the
 * next message. Whoever uses one compares its revision with the conversation's own.
 */
export class Histories {
  readonly #known = new LRUCache<string, KnownHistory>({
    ...{ maxSize: MAX_BYTES, ttl: EXPIRY_MS },
    sizeCalculation: sizeOf,
  });

  constructor(announcements: Announcements) {
    announcements.listen((announcement) => {
      if (announcement.type === 'ConversationErased') this.#forget(announcement.conversationId);
      else if (announcement.type === 'AnnouncementsMissed') this.#known.clear();
    });
  }

  find(key: string): KnownHistory | undefined {
    return this.#known.get(key);
  }

  keep(key: string, history: KnownHistory): void {
    this.#known.set(key, history);
  }

  #forget(conversationId: string): void {
    for (const [key, known] of this.#known.entries())
      if (known.conversationId === conversationId) this.#known.delete(key);
  }
}

function sizeOf({ messages }: KnownHistory): number {
  return messages.reduce((bytes, { text }) => bytes + MESSAGE_BYTES + 2 * text.length, MESSAGE_BYTES);
}
