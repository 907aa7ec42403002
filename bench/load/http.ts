import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';

// Servers close connections that have been idle for five seconds, sometimes just when the next request is on its way.
const agent = new Agent({ keepAlive: true, timeout: 3000 });

export interface Sent {
  method: string;
  headers?: OutgoingHttpHeaders;
  body?: string | null;
}

/** One request over a kept-alive connection; rejects with the body's words when the status is none of success. */
export function send(url: string, { method, headers = {}, body = null }: Sent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const content =
      body === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request(url, { agent, method, headers: { ...headers, ...content } }, (answer) => {
      if (answer.statusCode && answer.statusCode < 300) return resolve(answer);
      text(answer).then(
        (words) => reject(new Error(`${method} ${url}: ${answer.statusCode} ${words.slice(0, 300)}`)),
        reject,
      );
    });
    sent.on('error', reject);
    sent.end(body ?? undefined);
  });
}

/** The whole body of a response, parsed. */
export async function sendForJson<Body>(url: string, sent: Sent): Promise<Body> {
  return JSON.parse(await text(await send(url, sent))) as Body;
}

/** Calls `onData` with the data of each server-sent event; resolves at the end of the stream. */
export function readEvents(answer: IncomingMessage, onData: (data: string) => void): Promise<void> {
  let rest = '';
  answer.setEncoding('utf8').on('data', (piece: string) => {
    rest += piece;
    let start = 0;
    for (let end = rest.indexOf('\n\n'); end !== -1; end = rest.indexOf('\n\n', start)) {
      const data = dataOf(rest.slice(start, end));
      if (data !== '') onData(data);
      start = end + 2;
    }
    rest = rest.slice(start);
  });
  return new Promise((resolve, reject) => {
    answer.once('end', resolve);
    answer.once('error', reject);
  });
}

function dataOf(block: string): string {
  const start = block.startsWith('data:') ? 0 : block.indexOf('\ndata:') + 1;
  if (start === 0 && !block.startsWith('data:')) return '';
  const end = block.indexOf('\n', start);
  return block.slice(start + 5, end === -1 ? undefined : end).trim();
}
