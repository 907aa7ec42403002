import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type EmbeddedDatabase, startEmbedded } from './embedded.ts';
import { EmbeddedDatabaseError } from './embedded-account.ts';
import type { DatabaseLocation } from './location.ts';

export interface ReachedDatabase {
  location: DatabaseLocation;
  /** The embedded server, started for this or running before; null: it is that of DATABASE_URL. */
  embedded: EmbeddedDatabase | null;
  /** Ends an embedded server that was started for this; leaves one that was running. */
  stop(): Promise<void>;
}

export interface ReachOptions {
  /** Undefined: the embedded database in the data folder. */
  databaseUrl: string | undefined;
  dataDir: string;
}

/** The server's database, whether or not the server runs. Throws EmbeddedDatabaseError when there is none yet, unless one is to be made. */
export async function reachDatabase(
  { databaseUrl, dataDir }: ReachOptions,
  { make = false } = {},
): Promise<ReachedDatabase> {
  if (databaseUrl) return { location: { url: databaseUrl }, embedded: null, stop: async () => {} };
  const directory = join(dataDir, 'postgres');
  if (!make && !existsSync(directory)) {
    throw new EmbeddedDatabaseError(
      `There is no database in ${dataDir}. Start the server once, or set MILEPOST_DATA_DIR or DATABASE_URL.`,
    );
  }
  const embedded = await startEmbedded(directory);
  return { location: { host: embedded.host }, embedded, stop: embedded.stop };
}
