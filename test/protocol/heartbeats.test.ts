import { once } from 'node:events';
import { beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { prepareDemo, send } from '../support/demo.ts';
import { askForStream, openRawSocket, readUntil } from '../support/raw-readers.ts';
import { hold, reply } from '../support/scripted-model.ts';
import { someone, streamPath } from '../support/talk.ts';

const FOLLOW = 'subscription ($turnId: ID!) { turnEvents(turnId: $turnId) { __typename } }';
const COMMENT = '\n:\n\n';

let app: TestApp;
let origin: string;

beforeAll(async () => {
  app = await startTestApp({ environment: { SSE_HEARTBEAT_MS: '50', WEBSOCKET_KEEP_ALIVE_MS: '100' } });
  await prepareDemo(app);
  app.model.otherwise(reply.text(hold()));
  origin = await app.origin();
});

describe('an event stream on which nothing happens', () => {
  it('is kept open with comments by REST', async () => {
    const path = streamPath(await someone(app), 'Think about it');
    const stream = askForStream(origin, { path, credential: app.credential });
    for (let number = 0; number < 3; number += 1) expect(await readUntil(stream, ':\n\n')).toContain(':\n\n');
    stream.destroy();
  });

  it('is kept open with comments by GraphQL', async () => {
    const { turn } = await send(app, 'Think', { identity: { externalId: await someone(app) } });
    const body = { query: FOLLOW, variables: { turnId: turn.id } };
    const stream = askForStream(origin, { path: '/graphql', body, credential: app.credential });
    for (let number = 0; number < 3; number += 1)
      expect(await readUntil(stream, COMMENT.trimStart())).toContain(':\n\n');
    stream.destroy();
  });
});

describe('a WebSocket', () => {
  it('is pinged, and stays open while its client answers', async () => {
    const socket = await openRawSocket(origin, app.credential);
    for (let number = 0; number < 3; number += 1) await once(socket, 'ping');
    expect(socket.readyState).toBe(socket.OPEN);
    socket.close();
  });

  it('is closed when its client does not answer', async () => {
    const socket = await openRawSocket(origin, app.credential, { autoPong: false });
    const [code] = await once(socket, 'close');
    expect(code).toBe(1006);
  });
});
