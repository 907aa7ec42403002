import { connect, createServer, type Socket } from 'node:net';

/** Where connections can go. */
export interface Target {
  port: number;
  host: string;
}

export interface LocalProxy {
  close(): void;
}

/** Shares connections out among targets, one after the other; one that takes none is passed over. For trying several processes on one machine. */
export async function startLocalProxy(targets: readonly Target[], { port, host }: Target): Promise<LocalProxy> {
  const sockets = new Set<Socket>();
  let turn = 0;
  const server = createServer((client) => {
    sockets.add(client);
    client.on('error', () => client.destroy()).on('close', () => sockets.delete(client));
    passOn(client, [...targets.slice(turn), ...targets.slice(0, turn)]);
    turn = (turn + 1) % targets.length;
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  return {
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function passOn(client: Socket, [target, ...others]: Target[]): void {
  if (!target) {
    client.destroy();
    return;
  }
  const upstream = connect(target);
  const tryOthers = () => passOn(client, others);
  upstream.once('error', tryOthers).once('connect', () => {
    upstream.off('error', tryOthers).on('error', () => client.destroy());
    upstream.once('close', () => client.destroy());
    client.once('close', () => upstream.destroy());
    client.pipe(upstream).pipe(client);
  });
}
