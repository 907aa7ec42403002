import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { type Browser, chromium } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const ARGUMENTS = [
  '--headless',
  // Containers and root have no sandbox.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  // Nothing but the test is to be reached for.
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Where a Chromium is installed; undefined when none is. */
export const installedBrowser = PLACES.find((place) => existsSync(place));

/** What is added to the name of a suite that needs a browser, where there is none; null: there is. */
export const NO_BROWSER = installedBrowser ? null : 'skipped, no Chromium is installed (apt-get install chromium)';

export function launchBrowser(): Promise<Browser> {
  if (!installedBrowser) throw new Error('No Chromium is installed');
  return chromium.launch({ executablePath: installedBrowser, args: ARGUMENTS });
}

/** Something that listens on a port of its own. */
export interface Listening {
  origin: string;
  close(): Promise<void>;
}

/** A site with one empty page, of an origin of its own. */
export async function startSite(): Promise<Listening> {
  const server = createServer((_incoming, outgoing) =>
    outgoing.setHeader('content-type', 'text/html').end('<!doctype html><title>Shop</title>'),
  );
  return { origin: await listen(server), close: () => close(server, () => server.closeAllConnections()) };
}

/** What stands between a browser and a server, and can fail. */
export interface Line extends Listening {
  /** Breaks every connection there is; new ones pass. */
  cut(): void;
  /** Breaks every connection, and lets none through until the function it returns is called. */
  takeDown(): () => void;
}

/** A line to the server at this origin. */
export async function startLine(target: string): Promise<Line> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let down = false;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const takeDown = () => {
    down = true;
    cut();
    return () => {
      down = false;
    };
  };
  const server = createTcpServer((near) => {
    if (down) {
      near.destroy();
      return;
    }
    const far = connect(Number(port), hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one
        .on('error', () => {})
        .on('close', () => {
          sockets.delete(one);
          other.destroy();
        });
      one.pipe(other);
    }
  });
  return { origin: await listen(server), cut, takeDown, close: () => close(server, cut) };
}

function listen(server: {
  listen(port: number, host: string, ready: () => void): unknown;
  address(): unknown;
}): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

function close(server: { close(closed: () => void): unknown }, cut: () => void): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    cut();
  });
}
