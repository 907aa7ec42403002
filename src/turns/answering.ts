import { LRUCache } from 'lru-cache';
import type { Announcements } from '../announcements.ts';
import type { ChannelReference } from '../channels/model.ts';
import type { Assistant, Prisma, PrismaClient } from '../generated/prisma/client.ts';

const CHANNEL = {
  workspace: { select: { id: true, name: true } },
  worker: { include: { defaultAssistant: true } },
} satisfies Prisma.ChannelInclude;
const STAGE = { assistant: true } satisfies Prisma.StageInclude;

/** Where somebody talks, and who answers there by default. */
export type AnsweredChannel = Prisma.ChannelGetPayload<{ include: typeof CHANNEL }>;
/** Where somebody is in the journey, and who answers there if the stage names an assistant of its own. */
export type AnsweredStage = Prisma.StageGetPayload<{ include: typeof STAGE }>;

/** Shorter than the five seconds after which a change made by another process holds, by what reading it may take. */
const EXPIRY_MS = 4000;
const MAX_ENTRIES = 10_000;
const MAX_BYTES = 64 * 1024 * 1024;
/** What an entry takes besides its texts, roughly. */
const ENTRY_BYTES = 4000;

/**
 * Who answers on which channel and in which stage: kept for some seconds, because every message asks and it rarely changes.
 * What is announced as changed is forgotten at once.
 */
export class Answering {
  readonly #db: PrismaClient;
  readonly #known = new LRUCache<string, AnsweredChannel | AnsweredStage>({
    ...{ ttl: EXPIRY_MS, max: MAX_ENTRIES, maxSize: MAX_BYTES },
    sizeCalculation: sizeOf,
  });
  #changes = 0;

  constructor(db: PrismaClient, announcements: Announcements) {
    this.#db = db;
    announcements.listen((announcement) => {
      if (announcement.type === 'RoutingChanged') this.#forget(announcement.workspaceId);
      else if (announcement.type === 'AnnouncementsMissed') this.#forget('');
    });
  }

  /** The channel of this id or key; null when there is none or it is deleted. */
  channel(workspaceId: string, by: ChannelReference): Promise<AnsweredChannel | null> {
    const where = { ...by, workspaceId, deletedAt: null };
    const name = 'id' in by ? by.id : `key ${by.key}`;
    return this.#remember(workspaceId, name, () => this.#db.channel.findFirst({ where, include: CHANNEL }));
  }

  /** The channel a conversation was begun on, also when it has been deleted since. */
  channelOf(workspaceId: string, id: string): Promise<AnsweredChannel | null> {
    const where = { id, workspaceId };
    return this.#remember(workspaceId, `begun ${id}`, () => this.#db.channel.findFirst({ where, include: CHANNEL }));
  }

  /** The stage of this id. */
  stage(workspaceId: string, id: string): Promise<AnsweredStage | null> {
    const where = { id, workspaceId };
    return this.#remember(workspaceId, id, () => this.#db.stage.findFirst({ where, include: STAGE }));
  }

  async #remember<Entry extends AnsweredChannel | AnsweredStage>(
    workspaceId: string,
    name: string,
    find: () => Promise<Entry | null>,
  ): Promise<Entry | null> {
    const key = `${workspaceId} ${name}`;
    const known = this.#known.get(key);
    if (known) return known as Entry;
    const changes = this.#changes;
    const found = await find();
    // What was read while something changed may be what it was before.
    if (found && changes === this.#changes) this.#known.set(key, found);
    return found;
  }

  #forget(workspaceId: string): void {
    this.#changes += 1;
    for (const key of this.#known.keys()) if (key.startsWith(workspaceId)) this.#known.delete(key);
  }
}

function sizeOf(entry: AnsweredChannel | AnsweredStage): number {
  const assistant: Assistant | null | undefined =
    'assistant' in entry ? entry.assistant : entry.worker?.defaultAssistant;
  return ENTRY_BYTES + 2 * (assistant?.instructions.length ?? 0);
}
