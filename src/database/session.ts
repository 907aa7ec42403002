import pg from 'pg';
import { type DatabaseLocation, sessionSettings } from './location.ts';

/**
 * A connection of its own, not connected yet, for what has to be done in one session. The statement that a break interrupts
 * reports the loss; without a listener it would end the process as well.
 */
export function newSession(location: DatabaseLocation, settings: pg.ClientConfig = {}): pg.Client {
  return new pg.Client({ ...sessionSettings(location), ...settings }).on('error', () => {});
}
