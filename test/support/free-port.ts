import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below what systems give out by themselves: nobody else is given the port while its program is away for a moment. */
const [LOWEST, HIGHEST] = [20_000, 32_000];

/** A port of 127.0.0.1 that nobody listens at, for a program that cannot choose one itself. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST, HIGHEST);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
