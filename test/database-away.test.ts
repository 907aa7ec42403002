import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from './support/app.ts';
import { type DatabaseLine, startDatabaseLine } from './support/database-line.ts';
import { prepareDemo, send } from './support/demo.ts';
import { openSocket } from './support/graphql-socket.ts';
import { hold, reply } from './support/scripted-model.ts';
import { subscribe } from './support/subscription.ts';
import { findTurn, someone } from './support/talk.ts';
import { TURN_EVENTS, TurnText } from './support/turn-readers.ts';

let app: TestApp;
let line: DatabaseLine;

beforeAll(async () => {
  app = await startTestApp({
    async reach(location) {
      line = await startDatabaseLine(location);
      return line.location;
    },
  });
  await prepareDemo(app);
});
afterAll(() => line.close());

async function follow(turnId: string) {
  const events = await subscribe(app, app, TURN_EVENTS, { turnId });
  const reader = new TurnText();
  const until = async (done: () => boolean) => {
    while (!done()) reader.take((await events.next()).turnEvents);
  };
  return { reader, until };
}

describe('a database that goes away', () => {
  it('in the middle of a reply does not stop it; it is stored when the database is back', async () => {
    const place = hold();
    app.model.when('Go on', reply.text('One ', place, 'two'));
    const { turn } = await send(app, 'Go on', { identity: { externalId: await someone(app) } });
    const { reader, until } = await follow(turn.id);
    await until(() => reader.text === 'One ');
    line.cut();
    place.release();
    await until(() => reader.text === 'One two');
    await line.missed();
    line.mend();
    await until(() => reader.types.at(-1) === 'TurnCompleted');
    expect(await findTurn(app, turn.id)).toMatchObject({ status: 'COMPLETED', reply: { text: 'One two' } });
  });

  it('before the first text holds the text back until it is there again', async () => {
    const place = hold();
    app.model.when('Begin', reply.text(place, 'One two'));
    const { turn } = await send(app, 'Begin', { identity: { externalId: await someone(app) } });
    const { reader, until } = await follow(turn.id);
    await place.reached;
    const read = until(() => reader.types.at(-1) === 'TurnCompleted');
    line.cut();
    place.release();
    await line.missed();
    await line.missed();
    expect(reader.text).toBe('');
    line.mend();
    await read;
    expect([reader.text, (await findTurn(app, turn.id)).reply.text]).toEqual(['One two', 'One two']);
  });

  it('is told to callers as something that passes', async () => {
    line.cut();
    const { status, body } = await app.rest('GET', '/stages');
    expect([status, body.code]).toEqual([503, 'UNAVAILABLE']);
    line.mend();
  });

  it('closes the socket on which a subscription begins, so that its client comes back', async () => {
    const socket = await openSocket(app, { params: { authorization: `Bearer ${app.credential}` } });
    // The key is known by then.
    await socket.execute('{ workspace { id } }');
    line.cut();
    socket.follow('subscription { journey { stages { current } } }');
    expect(await socket.closed).toMatchObject({ code: 1013 });
    line.mend();
  });
});
