import type { Logger } from 'pino';
import type { Announcements } from '../announcements.ts';
import { LimitExceededError, UnauthenticatedError } from '../errors.ts';
import type { PrismaClient } from '../generated/prisma/client.ts';
import { apart } from '../telemetry/scope.ts';
import type { Access } from './access.ts';
import { type AccessTokens, looksLikeAccessToken } from './access-tokens.ts';
import { hashApiKeySecret, isMistyped } from './api-keys.ts';
import { KNOWN_FOR_MS, KnownKeys } from './known-keys.ts';

const MAX_TIMER_MS = 2 ** 31 - 1;

/** Is told why credentials have ended. */
type End = (reason: UnauthenticatedError) => void;

export interface CredentialsOptions {
  db: PrismaClient;
  log: Logger;
  accessTokens: AccessTokens;
  announcements: Announcements;
  /** How many connections a key may hold open in this process. */
  connectionsPerKey: number;
}

/**
 * What credentials open, and when they end. A revoked key opens nothing as soon as this process hears of it: at once when
 * it was revoked here, and within five seconds whoever revoked it.
 */
export class Credentials {
  readonly #log: Logger;
  readonly #accessTokens: AccessTokens;
  readonly #connectionsPerKey: number;
  readonly #keys: KnownKeys;
  /** The ends of the connections that keys hold open, by the key's id. */
  readonly #held = new Map<string, Set<End>>();
  readonly #stopListening: () => void;
  #recheck: NodeJS.Timeout | undefined;

  constructor({ db, log, accessTokens, announcements, connectionsPerKey }: CredentialsOptions) {
    this.#connectionsPerKey = connectionsPerKey;
    this.#log = log;
    this.#accessTokens = accessTokens;
    this.#keys = new KnownKeys({ db, log });
    this.#stopListening = announcements.listen((announcement) => {
      if (announcement.type === 'ApiKeyChanged') this.#lookAgain([announcement.apiKeyId]);
      else if (announcement.type === 'AnnouncementsMissed') this.#lookAgain();
    });
  }

  /** What an API key or access token opens; throws UnauthenticatedError when it opens nothing. */
  async open(credential: string): Promise<Access> {
    if (!looksLikeAccessToken(credential)) {
      if (isMistyped(credential)) throw new UnauthenticatedError('The API key is not valid: it has been mistyped.');
      return this.#keys.open({ secretHash: hashApiKeySecret(credential) });
    }
    const access = await this.#accessTokens.verify(credential);
    // A token is worth what the key that made it is worth.
    await this.#keys.open({ id: access.apiKeyId });
    return access;
  }

  /**
   * Counts a connection that stays open, until the function it returns is called; calls `end` once when its credentials
   * expire or are revoked. Throws LimitExceededError when the key holds too many open already.
   */
  holdOpen({ apiKeyId, identityId, expiresAt }: Access, end: End): () => void {
    const release = () => {
      clearTimeout(expiry);
      if (apiKeyId !== null) this.#letGo(apiKeyId, tell);
    };
    const tell: End = (reason) => {
      release();
      end(reason);
    };
    if (apiKeyId !== null) this.#hold(apiKeyId, tell);
    const left = expiresAt ? expiresAt.getTime() - Date.now() : Number.POSITIVE_INFINITY;
    const what = identityId === null ? 'API key' : 'access token';
    // A key that ends later than a timer can wait is found when it is looked at again.
    const expiry =
      left <= MAX_TIMER_MS
        ? setTimeout(() => tell(new UnauthenticatedError(`The ${what} has expired.`)), left).unref()
        : undefined;
    return release;
  }

  close(): void {
    this.#stopListening();
    clearInterval(this.#recheck);
  }

  #hold(apiKeyId: string, end: End): void {
    const ends = this.#held.get(apiKeyId) ?? new Set();
    if (ends.size >= this.#connectionsPerKey) {
      const message = `An API key can hold ${this.#connectionsPerKey} WebSockets and event streams open at once.`;
      throw new LimitExceededError('connections-per-key', message);
    }
    this.#held.set(apiKeyId, ends.add(end));
    // Other processes may not be heard, an administrator's for one.
    this.#recheck ??= apart(() =>
      setInterval(() => void this.#tellEnded([...this.#held.keys()]), KNOWN_FOR_MS).unref(),
    );
  }

  #letGo(apiKeyId: string, end: End): void {
    const ends = this.#held.get(apiKeyId);
    ends?.delete(end);
    if (ends?.size === 0) this.#held.delete(apiKeyId);
    if (this.#held.size > 0) return;
    clearInterval(this.#recheck);
    this.#recheck = undefined;
  }

  /** At these keys, or at all. */
  #lookAgain(apiKeyIds?: string[]): void {
    this.#keys.forget(apiKeyIds);
    const awaited = (apiKeyIds ?? [...this.#held.keys()]).filter((id) => this.#held.has(id));
    if (awaited.length > 0) void this.#tellEnded(awaited);
  }

  /** Never fails: while the database is away nobody is let go. */
  async #tellEnded(apiKeyIds: string[]): Promise<void> {
    try {
      for (const [apiKeyId, reason] of await this.#keys.recheck(apiKeyIds)) {
        for (const end of [...(this.#held.get(apiKeyId) ?? [])]) end(reason);
      }
    } catch (error) {
      this.#log.warn({ err: error }, 'The keys of open connections could not be looked at');
    }
  }
}
