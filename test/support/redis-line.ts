import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/** A line to a Redis that can lose what the server says. */
export interface RedisLine {
  url: string;
  /** Breaks the connection over which the server next says something in which these words are, instead of letting it through. */
  loseAnswer(words: string): Promise<void>;
  /** Breaks every connection, and lets none begin until it is mended. */
  cut(): void;
  mend(): void;
  /** Resolves when somebody next tries to connect while it is cut. */
  missed(): Promise<void>;
  close(): Promise<void>;
}

export async function startRedisLine(target: string): Promise<RedisLine> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let missed = Promise.withResolvers<void>();
  let whole = true;
  let lose: { words: string; lost: PromiseWithResolvers<void> } | null = null;
  const server = createServer((near) => {
    if (!whole) {
      missed.resolve();
      missed = Promise.withResolvers();
      near.destroy();
      return;
    }
    const far = connect(Number(port) || 6379, hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {}).on('close', () => sockets.delete(one) && other.destroy());
    }
    near.pipe(far);
    far.on('data', (bytes) => {
      if (lose && bytes.includes(lose.words)) {
        lose.lost.resolve();
        lose = null;
        far.destroy();
      } else {
        near.write(bytes);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: Object.assign(new URL(target), { host: `127.0.0.1:${(server.address() as AddressInfo).port}` }).href,
    loseAnswer(words) {
      const lost = Promise.withResolvers<void>();
      lose = { words, lost };
      return lost.promise;
    },
    cut() {
      whole = false;
      breakAll();
    },
    mend: () => {
      whole = true;
    },
    missed: () => missed.promise,
    async close() {
      breakAll();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
