import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** One request that came in. */
export interface Delivery {
  headers: IncomingHttpHeaders;
  method: string | undefined;
  path: string | undefined;
  body: string;
}

/** What another system does with its webhooks. */
export interface WebhookReceiver {
  url: string;
  deliveries: Delivery[];
  /** The next one to come that nobody has taken yet. */
  next(): Promise<Delivery>;
  /** How later ones are answered; accepted with 204 by default. */
  answer(how: (response: ServerResponse, delivery: Delivery) => void): void;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. */
export async function startReceiver(): Promise<WebhookReceiver> {
  const deliveries: Delivery[] = [];
  const waiting: ((delivery: Delivery) => void)[] = [];
  const untaken: Delivery[] = [];
  let answer: (response: ServerResponse, delivery: Delivery) => void = (response) => response.writeHead(204).end();
  const server = createServer(async (request, response) => {
    const { headers, method, url: path } = request;
    const delivery = { headers, method, path, body: await text(request) };
    deliveries.push(delivery);
    const taker = waiting.shift();
    if (taker) taker(delivery);
    else untaken.push(delivery);
    answer(response, delivery);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    deliveries,
    next: async () => untaken.shift() ?? new Promise((resolve) => waiting.push(resolve)),
    answer: (how) => {
      answer = how;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const TOLERANCE_SECONDS = 300;

/**
 * Whether a delivery is authentic, as the Standard Webhooks specification tells receivers to find out: the content
 * `id.timestamp.body` is signed with HMAC-SHA256 under the bytes of the secret, one of the signatures matches, and the time is near.
 */
export function isAuthentic({ headers, body }: Delivery, secret: string): boolean {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) =>
    String(headers[name]),
  );
  if (!/^\d+$/.test(String(timestamp)) || Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE_SECONDS)
    return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update([id, timestamp, body].join('.')).digest();
  return String(signatures)
    .split(' ')
    .map((signature) => signature.split(','))
    .some(([version, value]) => {
      const given = Buffer.from(value ?? '', 'base64');
      return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
    });
}
