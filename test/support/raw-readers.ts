import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import { API_KEY } from './server-process.ts';

/** A WebSocket that has shown its credentials. */
export async function openRawSocket(origin: string, credential = API_KEY, options = {}): Promise<WebSocket> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', options);
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${credential}` } }));
  await once(socket, 'message');
  return socket;
}

/** Begins subscriptions over one socket; resolves once each has been told something. */
export async function subscribeRaw(socket: WebSocket, ids: string[], query: string, variables: object): Promise<void> {
  const silent = new Set(ids);
  const allTold = Promise.withResolvers<void>();
  const onMessage = (data: unknown) => {
    const { type, id } = JSON.parse(String(data));
    if (type === 'error') allTold.reject(new Error(String(data)));
    if (type === 'next' && silent.delete(id) && silent.size === 0) allTold.resolve();
  };
  socket.on('message', onMessage);
  for (const id of ids) socket.send(JSON.stringify({ type: 'subscribe', id, payload: { query, variables } }));
  await allTold.promise;
  socket.off('message', onMessage);
}

/** Asks for an event stream without reading any of it. */
export function askForStream(
  origin: string,
  { path, body, credential = API_KEY }: { path: string; body?: object; credential?: string },
): Socket {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  const json = body ? JSON.stringify(body) : '';
  const head = [
    `${body ? 'POST' : 'GET'} ${path} HTTP/1.1`,
    ...['Host: milepost', `Authorization: Bearer ${credential}`, 'Accept: text/event-stream'],
    ...(body ? ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(json)}`] : []),
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n${json}`);
  return socket.on('error', () => {});
}

/** Reads on until this has come, or the connection ends; everything up to then. */
export async function readUntil(socket: Socket, wanted: string): Promise<string> {
  let seen = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    seen += chunk;
    if (seen.includes(wanted)) return seen;
  }
  return seen;
}
