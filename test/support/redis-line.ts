import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/** A line to a Redis that can lose what the server says. */
export interface RedisLine {
  url: string;
  /** Breaks the connection over which the server next says something in which these words are, instead of letting it through. */
  loseAnswer(words: string): Promise<void>;
  close(): Promise<void>;
}

export async function startRedisLine(target: string): Promise<RedisLine> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let lose: { words: string; lost: PromiseWithResolvers<void> } | null = null;
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {}).on('close', () => sockets.delete(one) && other.destroy());
    }
    near.pipe(far);
    far.on('data', (bytes) => {
      if (!lose || !bytes.includes(lose.words)) return near.write(bytes);
      lose.lost.resolve();
      lose = null;
      return far.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseAnswer(words) {
      const lost = Promise.withResolvers<void>();
      lose = { words, lost };
      return lost.promise;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
