import { LRUCache } from 'lru-cache';
import { currentScope, type Scope } from '../telemetry/scope.ts';

/** Those that wait here and are run elsewhere are never asked for. */
const MAX_WAITING = 10_000;

/** Which requests the waiting turns came with, as far as those came to this process. */
export class TurnOrigins {
  readonly #origins = new LRUCache<string, Scope>({ max: MAX_WAITING });

  /** The turn came with the request that is being worked on. */
  note(turnId: string): void {
    this.#origins.set(turnId, currentScope());
  }

  /** Where the turn came from, once; empty when it is not known. */
  take(turnId: string): Scope {
    const origin = this.#origins.get(turnId) ?? {};
    this.#origins.delete(turnId);
    return origin;
  }
}
