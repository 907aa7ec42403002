import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface CuttingLine {
  origin: string;
  /** How many connections were cut so far. */
  readonly cuts: number;
  close(): Promise<void>;
}

export interface CuttingLineOptions {
  /** How many bytes of the server's the next connection lets through before it is cut. */
  budget(): number;
  /** After so many cuts everything passes. */
  maxCuts: number;
  /** Told when a connection was made, when bytes came through, and when it was cut. */
  onProgress?(): void;
}

/** A line to the server at this origin that breaks in the middle of what the server says. */
export async function startCuttingLine(
  target: string,
  { budget, maxCuts, onProgress = () => {} }: CuttingLineOptions,
): Promise<CuttingLine> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let cuts = 0;
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
    let left = budget();
    onProgress();
    far.on('data', (bytes) => {
      const cut = cuts < maxCuts && bytes.length >= left;
      near.write(cut ? bytes.subarray(0, left) : bytes);
      onProgress();
      left -= bytes.length;
      if (!cut) return;
      far.removeAllListeners('data');
      cuts += 1;
      // What was let through arrives, then nothing.
      near.end(() => near.destroy());
      far.destroy();
    });
    far.on('end', () => near.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get cuts() {
      return cuts;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
