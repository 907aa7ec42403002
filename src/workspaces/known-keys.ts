import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { UnauthenticatedError } from '../errors.ts';
import type { ApiKey, PrismaClient } from '../generated/prisma/client.ts';
import type { Access } from './access.ts';

/** How long a key that was changed by a process we do not hear may go on here, in milliseconds. */
export const KNOWN_FOR_MS = 4000;
/** How many keys are kept at most. */
const MAX_KNOWN = 10_000;
/** The last use of a key is stored this often at most, in milliseconds. */
const USE_STORED_EVERY_MS = 60_000;

/** Names a key: by its id, or by the hash of its secret. */
type KeyName = { id: string } | { secretHash: string };

/** What API keys open, kept for a few seconds so that requests do not ask the database. Only keys that open something are kept. */
export class KnownKeys {
  readonly #db: PrismaClient;
  readonly #log: Logger;
  /** The id behind the hash of a secret never changes, so it needs no end. */
  readonly #ids: LRUCache<string, string>;
  readonly #opened: LRUCache<string, Access>;
  /** Being read from the database: many requests that miss the same key ask once. */
  readonly #reads = new Map<string, Promise<Access>>();
  #changes = 0;

  constructor({ db, log, max = MAX_KNOWN }: { db: PrismaClient; log: Logger; max?: number }) {
    this.#db = db;
    this.#log = log;
    this.#ids = new LRUCache({ max });
    this.#opened = new LRUCache({ max, ttl: KNOWN_FOR_MS });
  }

  /** How many keys are kept. */
  get size(): number {
    return this.#opened.size;
  }

  /** What a key opens. Throws UnauthenticatedError for a key that is unknown, revoked or expired. */
  async open(name: KeyName): Promise<Access> {
    const id = 'id' in name ? name.id : this.#ids.get(name.secretHash);
    const access = (id !== undefined && this.#opened.get(id)) || (await this.#read(name));
    if (access.expiresAt && access.expiresAt.getTime() <= Date.now()) throw expired();
    return access;
  }

  /** Lets go of what is known of these keys, or of all: they may have been changed. */
  forget(ids: string[] = [...this.#opened.keys()]): void {
    for (const id of ids) this.#opened.delete(id);
    // What is being read now may have been read before the change.
    this.#changes += 1;
    this.#reads.clear();
  }

  /** Reads these keys anew; resolves to why each of those that open nothing any more does not. */
  async recheck(ids: string[]): Promise<Map<string, UnauthenticatedError>> {
    const [changes, start] = [this.#changes, performance.now()];
    const rows = new Map((await this.#db.apiKey.findMany({ where: { id: { in: ids } } })).map((row) => [row.id, row]));
    const ended = new Map<string, UnauthenticatedError>();
    for (const id of ids) {
      const key = usable(rows.get(id) ?? null);
      if (key instanceof UnauthenticatedError) {
        ended.set(id, key);
        this.#opened.delete(id);
      } else if (changes === this.#changes) this.#keep(key, start);
    }
    return ended;
  }

  #read(name: KeyName): Promise<Access> {
    const key = 'id' in name ? name.id : name.secretHash;
    const underWay = this.#reads.get(key);
    if (underWay) return underWay;
    const read = this.#readNow(name).finally(() => {
      if (this.#reads.get(key) === read) this.#reads.delete(key);
    });
    this.#reads.set(key, read);
    return read;
  }

  async #readNow(name: KeyName): Promise<Access> {
    // Counted from before the read: what it finds may be as old as that.
    const [changes, start] = [this.#changes, performance.now()];
    const key = usable(await this.#db.apiKey.findUnique({ where: name }));
    if (key instanceof UnauthenticatedError) throw key;
    return changes === this.#changes ? this.#keep(key, start) : accessOf(key);
  }

  #keep(row: ApiKey, start: number): Access {
    const access = accessOf(row);
    this.#ids.set(row.secretHash, row.id);
    this.#opened.set(row.id, access, { start });
    this.#storeUse(row);
    return access;
  }

  /** Nobody waits for it. Keys in use are read again all the time, so this needs no clock of its own. */
  #storeUse({ id, lastUsedAt }: ApiKey): void {
    const now = new Date();
    const before = new Date(now.getTime() - USE_STORED_EVERY_MS);
    if (lastUsedAt && lastUsedAt > before) return;
    // Asked again there: another process may just have stored it.
    const where = { id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lte: before } }] };
    this.#db.apiKey
      .updateMany({ where, data: { lastUsedAt: now } })
      .catch((error) => this.#log.warn({ err: error }, 'The last use of an API key could not be stored'));
  }
}

function accessOf({ id, workspaceId, permissions, expiresAt }: ApiKey): Access {
  return { workspaceId, permissions, apiKeyId: id, identityId: null, expiresAt };
}

/** The row of a key that opens something; else why it does not. */
function usable(row: ApiKey | null): ApiKey | UnauthenticatedError {
  if (!row) return new UnauthenticatedError('The API key is not valid.');
  if (row.revokedAt) return new UnauthenticatedError('The API key has been revoked.');
  return row.expiresAt && row.expiresAt.getTime() <= Date.now() ? expired() : row;
}

function expired(): UnauthenticatedError {
  return new UnauthenticatedError('The API key has expired.');
}
