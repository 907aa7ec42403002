// The reference for tokens: what HTTP itself costs between a client and the upstream in its first argument.
import { Agent, createServer, request } from 'node:http';
import { serveAsChild } from './child.ts';

const upstream = new URL(process.argv[2] as string);
const agent = new Agent({ keepAlive: true });

serveAsChild(
  createServer((incoming, outgoing) => {
    const { 'content-type': type, 'content-length': length } = incoming.headers;
    const headers = { 'content-type': type, 'content-length': length };
    const options = {
      agent,
      host: upstream.hostname,
      port: upstream.port,
      path: incoming.url,
      method: incoming.method,
      headers,
    };
    const asked = request(options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, { 'content-type': answer.headers['content-type'] });
      answer.pipe(outgoing);
    });
    asked.on('error', () => outgoing.destroy());
    incoming.pipe(asked);
  }),
);
