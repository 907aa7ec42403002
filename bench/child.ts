import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Listens on a free port, tells the parent process its address, and ends together with the parent. */
export function serveAsChild(server: Server): void {
  // Connections of one round are used again in the next.
  server.keepAliveTimeout = 120_000;
  server.listen(0, '127.0.0.1', 4096, () => {
    process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  });
  process.on('disconnect', () => process.exit());
}
