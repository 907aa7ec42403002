import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection to a server on which anything can be sent. */
export async function openConnection(origin: string): Promise<Socket> {
  const { hostname, port } = new URL(origin);
  const socket = connect({ port: Number(port), host: hostname });
  await once(socket, 'connect');
  // Being cut off is what most of them are here for.
  return socket.on('error', () => {});
}

/** What comes until the server ends the connection. */
export async function readToEnd(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  await new Promise<unknown>((resolve) => socket.once('end', resolve).once('close', resolve));
  socket.destroy();
  return text;
}

/** Sends these bytes as they are; resolves to what comes until the server ends the connection. */
export async function exchange(origin: string, bytes: string): Promise<string> {
  const socket = await openConnection(origin);
  socket.write(bytes, 'latin1');
  return readToEnd(socket);
}

/** The parts of an answer as it came over the wire; one that is chunked has its body in one piece here. */
export function parseAnswer(text: string): { status: number; headers: Headers; body: string } {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const headers = new Headers(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const),
  );
  const body = rest.join('\r\n\r\n');
  return {
    status: Number(first.split(' ')[1]),
    headers,
    body:
      headers.get('transfer-encoding') === 'chunked' ? (/^[0-9a-f]+\r\n([\s\S]*?)\r\n0/.exec(body)?.[1] ?? '') : body,
  };
}
