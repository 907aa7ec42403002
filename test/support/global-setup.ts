import type { TestProject } from 'vitest/node';
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
  project.provide('server', { location, template });
  return async () => {
    await inSession(location, (client) => client.query(`DROP DATABASE ${template} WITH (FORCE)`));
    await stop();
  };
}
