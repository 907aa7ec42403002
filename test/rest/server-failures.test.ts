import { beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { prepareDemo } from '../support/demo.ts';
import { eventsOf, openStream, readStream } from '../support/event-stream.ts';
import { hold, reply } from '../support/scripted-model.ts';
import { chatPath, findLastTurn, someone, streamPath } from '../support/talk.ts';

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp();
  await prepareDemo(app);
});

/** Does something while a table is missing: the nearest thing to a fault of our own. */
async function without<Result>(table: string, work: () => Promise<Result>): Promise<Result> {
  await app.database.db.$executeRawUnsafe(`ALTER TABLE ${table} RENAME TO hidden`);
  try {
    return await work();
  } finally {
    await app.database.db.$executeRawUnsafe(`ALTER TABLE hidden RENAME TO ${table}`);
  }
}

const MASKED = {
  type: 'about:blank',
  title: 'Internal Server Error',
  status: 500,
  code: 'INTERNAL',
  detail: 'The server failed. The fault is not yours; trying again may help.',
  message: 'The server failed. The fault is not yours; trying again may help.',
};

describe('a fault of the server', () => {
  it('is answered 500 by chat, without a word about its cause', async () => {
    const { status, body } = await without('messages', () => app.rest('POST', chatPath('ada'), { text: 'Hello' }));
    expect(status).toBe(500);
    expect(body).toEqual(MASKED);
  });

  it('is answered 500 before a stream opens, not in it', async () => {
    const response = await without('messages', () => openStream(app, streamPath('ada', 'Hello')));
    expect(response.status).toBe(500);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toEqual(MASKED);
  });
});

/** Does something that begins a turn behind another, and lets a table be missing by the time it runs. */
async function whenItRuns<Result>(person: string, work: () => Promise<Result>): Promise<Result> {
  const place = hold();
  app.model.when(`Before ${person}`, reply.text(place));
  const before = app.rest('POST', chatPath(person), { text: `Before ${person}` });
  await place.reached;
  const working = work();
  await vi.waitFor(async () => expect(await findLastTurn(app, person)).toMatchObject({ status: 'QUEUED' }));
  return without('memory_entries', async () => {
    place.release();
    await before;
    return working;
  });
}

describe('a fault of the server while a turn runs', () => {
  it('is answered 500 by chat', async () => {
    const person = await someone(app);
    const { status, body } = await whenItRuns(person, () => app.rest('POST', chatPath(person), { text: 'Hello' }));
    expect(status).toBe(500);
    expect(body).toEqual(MASKED);
  });

  it('ends a stream with an error that tells no cause', async () => {
    const person = await someone(app);
    const blocks = await whenItRuns(person, () => readStream(app, streamPath(person, 'Hello')));
    expect(eventsOf(blocks)).toEqual([['error', 'The server failed to answer.']]);
  });

  it('keeps the message, and the turn says INTERNAL', async () => {
    const person = await someone(app);
    await whenItRuns(person, () => app.rest('POST', chatPath(person), { text: 'Keep this' }));
    expect(await findLastTurn(app, person)).toMatchObject({
      status: 'FAILED',
      error: { code: 'INTERNAL' },
      message: { text: 'Keep this' },
      reply: null,
    });
  });
});
