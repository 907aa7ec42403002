import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { isPublicAddress } from './public-address.ts';
import { publicLookup } from './public-lookup.ts';
import { createSecretSeal, type SecretSeal } from './sealed-secret.ts';
import { signatureHeaders } from './signature.ts';

/** One message to one address. */
export interface WebhookMessage {
  /** The same at every attempt: the receiver knows by it what it has seen. */
  id: string;
  workspaceId: string;
  url: string;
  /** As it is stored. */
  secret: string;
  body: string;
}

/** Delivers signed messages over HTTP. */
export interface WebhookSender {
  /** A secret as it is to be stored for a webhook. */
  seal: SecretSeal['seal'];
  /** Resolves once the receiver has accepted it with a 2xx; throws WebhookError when it has not. Redirects are not followed. */
  send(message: WebhookMessage, signal?: AbortSignal): Promise<void>;
}

/** The message was not accepted; the text says why. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError';
  /** Whether the receiver wants nothing more: trying again is of no use. */
  readonly gone: boolean;

  constructor(message: string, { gone = false, ...options }: ErrorOptions & { gone?: boolean } = {}) {
    super(message, options);
    this.gone = gone;
  }
}

export interface WebhookSenderOptions {
  /** The server's own; secrets of webhooks are sealed under it. */
  secret: string;
  /** Whether private, loopback and link-local addresses may be called. */
  allowPrivate: boolean;
  timeoutMs?: number;
  userAgent: string;
}

const HTTP_GONE = 410;

export function createWebhookSender({
  secret: ownSecret,
  allowPrivate,
  timeoutMs = 10_000,
  userAgent,
}: WebhookSenderOptions): WebhookSender {
  const lookup = allowPrivate ? undefined : publicLookup(notPublic);
  const { seal, open } = createSecretSeal(ownSecret);
  return {
    seal,
    async send({ id, workspaceId, url, secret: stored, body }, signal) {
      const secret = open(stored, { workspaceId, url });
      if (secret === null) throw new WebhookError('Its secret was stored under another MILEPOST_SECRET. Set it again.');
      const { protocol, hostname } = new URL(url);
      const literal = hostname.replace(/^\[(.*)\]$/, '$1');
      // An address that is written out is never looked up.
      if (!allowPrivate && isIP(literal) && !isPublicAddress(literal)) throw notPublic(hostname);
      const timeout = AbortSignal.timeout(timeoutMs);
      const headers = {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body).toString(),
        'user-agent': userAgent,
        ...signatureHeaders(secret, { id, at: new Date(), body }),
      };
      const options = {
        method: 'POST',
        headers,
        agent: false,
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        ...(lookup ? { lookup } : {}),
      };
      const status = await post(protocol === 'https:' ? https : http, url, options, body).catch((error) => {
        throw timeout.aborted
          ? new WebhookError(`The webhook did not answer within ${timeoutMs} ms.`)
          : asWebhookError(error);
      });
      if (status < 200 || status > 299)
        throw new WebhookError(`The webhook answered ${status}.`, { gone: status === HTTP_GONE });
    },
  };
}

/** The status of the answer; what else is in it is not read. */
function post(
  protocol: typeof http | typeof https,
  url: string,
  options: http.RequestOptions,
  body: string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = protocol.request(url, options, (response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    request.on('error', reject);
    // Else Node gives up the request without a word.
    request.on('upgrade', (response, socket) => {
      resolve(response.statusCode ?? 0);
      socket.destroy();
    });
    request.end(body);
  });
}

function notPublic(hostname: string): WebhookError {
  return new WebhookError(`${hostname} is not on the public Internet; WEBHOOK_ALLOW_PRIVATE=1 allows such addresses.`);
}

function asWebhookError(error: unknown): WebhookError {
  return error instanceof WebhookError
    ? error
    : new WebhookError(`The webhook could not be reached: ${(error as Error).message}`, { cause: error });
}
