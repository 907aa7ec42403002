import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from '../generated/prisma/client.ts';
import { type DatabaseLocation, sessionSettings } from './location.ts';
import { statementNames } from './statement-names.ts';
import { createStatements, type Statements } from './statements.ts';

/** An open database: the client that operations use, and the pool under it. */
export interface Database {
  db: PrismaClient;
  /** For the path of every turn, past that client. */
  statements: Statements;
  pool: pg.Pool;
  /** Another pool of the same database, for a mechanism that keeps connections to itself; whoever opens it ends it. */
  openPool(maxConnections: number): pg.Pool;
  /** Waits for the statements that run, then closes every connection. */
  close(): Promise<void>;
}

export interface DatabaseOptions {
  location: DatabaseLocation;
  maxConnections: number;
  /** Told when an idle connection is cut, by a restart of the database for one. New ones are made on demand. */
  onConnectionLost: (error: Error) => void;
}

// Longer than a restart of the database takes, shorter than clients wait.
const CONNECTION_TIMEOUT_MS = 10_000;

/** The database at a location. Connections are made when the first statements need them. */
export function openDatabase({ location, maxConnections, onConnectionLost }: DatabaseOptions): Database {
  const openPool = (max: number) => {
    const pool = new pg.Pool({
      ...sessionSettings(location),
      max,
      connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
      // A connection's prepared statements go with it, so it may stay for a while.
      idleTimeoutMillis: 60_000,
      keepAlive: true,
    });
    // Without a listener, a restart of the database would end this process.
    return pool.on('error', onConnectionLost);
  };
  const pool = openPool(maxConnections);

  const db = new PrismaClient({
    adapter: new PrismaPg(pool, { statementNameGenerator: statementNames() }),
    errorFormat: 'minimal',
    // The pool gives up first: its error says that it waited for a connection.
    transactionOptions: { maxWait: CONNECTION_TIMEOUT_MS + 1000 },
  });
  const close = async () => {
    await db.$disconnect();
    await pool.end();
  };
  return { db, statements: createStatements(pool), pool, openPool, close };
}
