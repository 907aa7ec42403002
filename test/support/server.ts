import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbedded } from '../../src/database/embedded.ts';
import { type DatabaseLocation, sessionSettings } from '../../src/database/location.ts';

/** The PostgreSQL of a test run: where it is, and the migrated database that each test file gets a copy of. */
export interface TestServer {
  location: DatabaseLocation;
  template: string;
}

/** A server for tests: the one at TEST_DATABASE_URL, else an embedded one in a temporary folder. */
export async function startTestServer(): Promise<{ location: DatabaseLocation; stop(): Promise<void> }> {
  const url = process.env.TEST_DATABASE_URL;
  if (url) return { location: { url }, stop: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), 'milepost-test-'));
  // Nothing here has to survive a power cut.
  const { host, stop } = await startEmbedded(join(folder, 'postgres'), { fsync: 'off', synchronous_commit: 'off' });
  return {
    location: { host },
    stop: async () => {
      await stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** Another database of the same server. */
export function databaseOf(location: DatabaseLocation, database: string): DatabaseLocation {
  if ('host' in location) return { host: location.host, database };
  return { url: Object.assign(new URL(location.url), { pathname: `/${database}` }).href };
}

/** The location for programs that take a URL. */
export function asUrl(location: DatabaseLocation): string {
  if ('url' in location) return location.url;
  return `postgresql://postgres@localhost/${location.database ?? 'postgres'}?host=${encodeURIComponent(location.host)}`;
}

/** Calls `use` with a session that exists only meanwhile. */
export async function inSession<Result>(
  location: DatabaseLocation,
  use: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client(sessionSettings(location));
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
