import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import type { DatabaseLocation } from '../../src/database/location.ts';
import { databaseOf, inSession } from './server.ts';

/** A database of one test file. */
export interface TestDatabase {
  location: DatabaseLocation;
  drop(): Promise<void>;
}

/** A new database with every migration applied, and nothing in it. */
export function createTestDatabase(): Promise<TestDatabase> {
  return copyOf(inject('server').template);
}

/** A new database without any table. */
export function createEmptyDatabase(): Promise<TestDatabase> {
  return copyOf('template0');
}

async function copyOf(template: string): Promise<TestDatabase> {
  const { location } = inject('server');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await inSession(location, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`));
  return {
    location: databaseOf(location, name),
    drop: async () => {
      await inSession(location, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
    },
  };
}
