// The reference for turns: the same turn by hand, with nothing but Node. History is read, both messages are stored, every
// token is relayed. Arguments: the upstream's address, the file of the database.
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { serveAsChild } from './child.ts';

const [, , upstreamUrl = '', file = ''] = process.argv;
const upstream = new URL(upstreamUrl);
const agent = new Agent({ keepAlive: true });

const db = new DatabaseSync(file);
// As durable as PostgreSQL's own default: what is stored outlives a power cut.
db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
db.exec(`CREATE TABLE messages (id INTEGER PRIMARY KEY, conversation TEXT, role TEXT, content TEXT, created_at INTEGER) STRICT;
  CREATE INDEX messages_conversation ON messages (conversation, id);`);
const insert = db.prepare('INSERT INTO messages (conversation, role, content, created_at) VALUES (?, ?, ?, ?)');
const latest = db.prepare('SELECT role, content FROM messages WHERE conversation = ? ORDER BY id DESC LIMIT 200');
const SYSTEM = { role: 'system', content: 'You are the friendly assistant of a small shop for hiking gear.' };

/** Stores the message, asks the model, stores the reply; `onToken` is told each piece. */
function takeTurn(
  conversation: string,
  model: string,
  said: string,
  onToken: (token: string) => void,
): Promise<string> {
  const history = latest.all(conversation).reverse();
  insert.run(conversation, 'user', said, Date.now());
  const messages = [SYSTEM, ...history, { role: 'user', content: said }];
  const body = JSON.stringify({ model, stream: true, stream_options: { include_usage: true }, messages });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const options = {
    agent,
    host: upstream.hostname,
    port: upstream.port,
    path: '/v1/chat/completions',
    method: 'POST',
    headers,
  };
  return new Promise((resolve, reject) => {
    const asked = request(options, (answer) => {
      let reply = '';
      readChunks(answer, (token) => {
        reply += token;
        onToken(token);
      });
      answer.on('end', () => {
        insert.run(conversation, 'assistant', reply, Date.now());
        resolve(reply);
      });
      answer.on('error', reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

function readChunks(answer: IncomingMessage, onToken: (token: string) => void): void {
  let rest = '';
  answer.setEncoding('utf8').on('data', (piece: string) => {
    rest += piece;
    let start = 0;
    for (let end = rest.indexOf('\n\n'); end !== -1; end = rest.indexOf('\n\n', start)) {
      const data = rest.slice(start + 6, end);
      start = end + 2;
      if (data === '[DONE]') continue;
      const token = JSON.parse(data).choices[0]?.delta.content;
      if (token) onToken(token);
    }
    rest = rest.slice(start);
  });
}

async function streamTurn(response: ServerResponse, identity: string, query: URLSearchParams): Promise<void> {
  const model = query.get('channel_id') ?? '';
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  response.flushHeaders();
  const reply = await takeTurn(`${identity}/${model}`, model, query.get('message') ?? '', (token) => {
    response.write(`data: {"type":"token","content":${JSON.stringify(token)}}\n\n`);
  });
  response.end(`data: {"type":"complete","content":${JSON.stringify(reply)}}\n\n`);
}

async function answerTurn(
  request: IncomingMessage,
  response: ServerResponse,
  identity: string,
  model: string,
): Promise<void> {
  const said = JSON.parse(await text(request)).text as string;
  const reply = await takeTurn(`${identity}/${model}`, model, said, () => {});
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ message: 'Message sent successfully', data: { text: reply } }));
}

// The routes are Milepost's own, so that one client serves for both.
serveAsChild(
  createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://floor');
    const [, , identity = '', action, channel = ''] = pathname.split('/');
    const turn =
      action === 'streaming'
        ? streamTurn(response, identity, searchParams)
        : answerTurn(request, response, identity, channel);
    turn.catch(() => response.destroy());
  }),
);
