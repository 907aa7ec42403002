import { once } from 'node:events';
import { join } from 'node:path';
import { createTestDatabase } from './database.ts';
import { asUrl } from './server.ts';
import { type ServerProcess, startServer } from './server-process.ts';

/** What a process holds, garbage left out. */
export interface Measures {
  /** Memory of the heap and of buffers. */
  bytes: number;
  timers: number;
  /** Readers of event logs, waiting or not. */
  readers: number;
}

export interface MeasuredServer extends ServerProcess {
  measure(): Promise<Measures>;
  /** Stops it and drops its database. */
  close(): Promise<void>;
}

/** A server on a database of its own that tells what it holds. */
export async function startMeasuredServer(environment: Record<string, string>): Promise<MeasuredServer> {
  const { location, drop } = await createTestDatabase();
  const MILEPOST_SECRET = 'a secret for tests, of more than 32 characters';
  const server = await startServer(
    { DATABASE_URL: asUrl(location), MILEPOST_SECRET, ...environment },
    { execArgv: ['--import', join(import.meta.dirname, 'measuring.ts')] },
  );
  return {
    ...server,
    async measure() {
      server.process.send('measure');
      const [measures] = await once(server.process, 'message');
      return measures as Measures;
    },
    async close() {
      await server.terminate();
      await drop();
    },
  };
}
