import type { ClientConfig } from 'pg';

/** Where a database is: a connection URL, or the socket directory of an embedded server. */
export type DatabaseLocation = { url: string } | { host: string; database?: string };

// Prisma's adapter writes timestamps without their offset, so any other time zone would shift what is stored.
const IN_UTC = '-c timezone=UTC';

/** How pg reaches a location, with sessions in UTC whatever the database's own time zone is. */
export function sessionSettings(location: DatabaseLocation): ClientConfig {
  if ('url' in location) {
    const url = new URL(location.url);
    // Options in the URL win over ours, so ours have to be among them.
    const options = [url.searchParams.get('options'), IN_UTC].filter(Boolean).join(' ');
    url.searchParams.set('options', options);
    return { connectionString: url.href };
  }
  // Everything is said, because pg takes what is not from PGUSER, PGSSLMODE and the like.
  const { host, database = 'postgres' } = location;
  return { host, port: 5432, user: 'postgres', password: '', database, ssl: false, options: IN_UTC };
}
