import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbedded } from '../../src/database/embedded.ts';
import { startDatabaseLine } from './database-line.ts';
import { asUrl } from './server.ts';

/** A PostgreSQL of its own that can be stopped and started, always at the same place. */
export interface StoppableDatabase {
  url: string;
  /** Ends every session, as an operator does who stops it in a hurry. */
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

export async function startStoppableDatabase(): Promise<StoppableDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'milepost-stoppable-'));
  // It is stopped, not cut off from power.
  const start = () => startEmbedded(join(folder, 'postgres'), { fsync: 'off' });
  let server = await start();
  // Its socket is another one after each start.
  const target = { host: server.host };
  const line = await startDatabaseLine(target);
  return {
    url: asUrl(line.location),
    stop: () => server.stop(),
    async start() {
      server = await start();
      target.host = server.host;
    },
    async close() {
      await line.close();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
