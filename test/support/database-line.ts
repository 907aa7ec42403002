import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseLocation } from '../../src/database/location.ts';

/** A line to a database that can be cut. */
export interface DatabaseLine {
  location: DatabaseLocation;
  /** Breaks every session, and lets none begin until it is mended. */
  cut(): void;
  mend(): void;
  /** From now on nothing comes through, and nobody is told: as when the other machine has vanished. */
  freeze(): void;
  /** Resolves when somebody next tries to begin a session while it is cut. */
  missed(): Promise<void>;
  close(): Promise<void>;
}

/** Where a program is told to connect instead of the database itself. */
export async function startDatabaseLine(target: DatabaseLocation): Promise<DatabaseLine> {
  const folder = await mkdtemp(join(tmpdir(), 'milepost-line-'));
  const name = '.s.PGSQL.5432';
  const sockets = new Set<Socket>();
  let missed = Promise.withResolvers<void>();
  let whole = true;
  let frozen = false;
  const reach = () => {
    if ('host' in target) return connect(join(target.host, name));
    const { hostname, port } = new URL(target.url);
    return connect(Number(port) || 5432, hostname);
  };
  const server = createServer((near) => {
    if (!whole) {
      missed.resolve();
      missed = Promise.withResolvers();
      return near.destroy();
    }
    if (frozen) return void sockets.add(near.on('error', () => {}).on('close', () => sockets.delete(near)));
    const far = reach();
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {}).on('close', () => sockets.delete(one) && other.destroy());
      one.pipe(other);
    }
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(join(folder, name), resolve));
  const location: DatabaseLocation =
    'host' in target ? { ...target, host: folder } : { url: withHost(target.url, folder) };
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    location,
    cut() {
      whole = false;
      breakAll();
    },
    mend: () => {
      whole = true;
    },
    freeze() {
      frozen = true;
      for (const socket of sockets) socket.unpipe();
    },
    missed: () => missed.promise,
    async close() {
      breakAll();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function withHost(url: string, folder: string): string {
  const changed = new URL(url);
  changed.searchParams.set('host', folder);
  // It is part of the socket's name.
  changed.port = '5432';
  return changed.href;
}
