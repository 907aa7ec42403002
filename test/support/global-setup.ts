import { pino } from 'pino';
import type { TestProject } from 'vitest/node';
import { openDatabase } from '../../src/database/client.ts';
import { installJobs } from '../../src/database/job-queue.ts';
import type { DatabaseLocation } from '../../src/database/location.ts';
import { migrateDatabase } from '../../src/database/migrator.ts';
import { databaseOf, inSession, startTestServer, type TestServer } from './server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    server: TestServer;
  }
}

/** Starts one PostgreSQL for the whole run and migrates a database once; test files copy it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { location, stop } = await startTestServer();
  // The number keeps runs apart that share the server at TEST_DATABASE_URL.
  const template = `milepost_template_${process.pid}`;
  await inSession(location, (client) => client.query(`CREATE DATABASE ${template} TEMPLATE template0`));
  await migrateDatabase(databaseOf(location, template));
  await prepareJobs(databaseOf(location, template));
  project.provide('server', { location, template });
  return async () => {
    await inSession(location, (client) => client.query(`DROP DATABASE ${template} WITH (FORCE)`));
    await stop();
  };
}

/** What a server installs when it begins to listen, which most tests do without. */
async function prepareJobs(location: DatabaseLocation): Promise<void> {
  const database = openDatabase({ location, maxConnections: 1, onConnectionLost: () => {} });
  await installJobs(database.pool, pino({ level: 'silent' }));
  await database.close();
}
