import { beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { prepareDemo } from '../support/demo.ts';
import { eventsOf, readStream } from '../support/event-stream.ts';
import { pathsOf } from '../support/mutate.ts';
import { hold, reply } from '../support/scripted-model.ts';
import { chatPath, someone, streamPath } from '../support/talk.ts';

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp();
  await prepareDemo(app);
});

const say = (text: string, key: string, more: object = {}) =>
  app.rest('POST', chatPath('ada'), { text, ...more }, { 'idempotency-key': key });

describe('a chat message with an Idempotency-Key', () => {
  it('is answered the same when it is sent again', async () => {
    const first = await say('Once', 'key-1');
    expect((await say('Once', 'key-1')).body).toEqual(first.body);
  });

  it('calls the model once', async () => {
    await say('Only once', 'key-2');
    await say('Only once', 'key-2');
    expect(app.model.calls('Only once')).toBe(1);
  });

  it('has one key, bare or quoted', async () => {
    const bare = await say('Bare', 'key-3');
    expect((await say('Bare', '"key-3"')).body.data.turn_id).toBe(bare.body.data.turn_id);
  });

  it('is another message under another key', async () => {
    const first = await say('Twice', 'key-4');
    expect((await say('Twice', 'key-5')).body.data.turn_id).not.toBe(first.body.data.turn_id);
  });

  it('waits for the reply that is being made', async () => {
    const waiting = hold();
    app.model.when('Slowly', reply.text('At', waiting, ' last'));
    const first = say('Slowly', 'key-6');
    await waiting.reached;
    const second = say('Slowly', 'key-6');
    waiting.release();
    expect((await second).body).toEqual((await first).body);
  });

  it('is answered the same by a server that has forgotten, or never seen, its turn', async () => {
    const first = await say('Before a restart', 'key-10');
    const again = await app
      .elsewhere()
      .rest('POST', chatPath('ada'), { text: 'Before a restart' }, { 'idempotency-key': 'key-10' });
    expect(again.body).toEqual(first.body);
  });

  it('answers 422 when the text is another', async () => {
    await say('This', 'key-7');
    const { status, body } = await say('That', 'key-7');
    expect(status).toBe(422);
    expect(body).toMatchObject({
      title: 'Unprocessable Content',
      status: 422,
      code: 'IDEMPOTENCY_KEY_REUSED',
      message: body.detail,
    });
  });

  it('answers 422 when the metadata is other', async () => {
    await say('Same', 'key-8', { metadata: { a: 1 } });
    expect((await say('Same', 'key-8', { metadata: { a: 2 } })).status).toBe(422);
  });

  it('does not reach into other conversations', async () => {
    const first = await say('Mine', 'key-9');
    const other = await app.rest(
      'POST',
      chatPath(await someone(app)),
      { text: 'Mine' },
      { 'idempotency-key': 'key-9' },
    );
    expect(other.body.data.turn_id).not.toBe(first.body.data.turn_id);
  });

  it.each([
    ['an empty key', '""'],
    ['a key of more than 200 characters', 'k'.repeat(201)],
  ])('answers 400 for %s', async (_what, key) => {
    const { status, body } = await say('Hello', key);
    expect(status).toBe(400);
    expect(pathsOf(body)).toEqual(['Idempotency-Key']);
  });
});

describe('a streamed message with an Idempotency-Key', () => {
  it('is streamed the same when it is sent again', async () => {
    const path = streamPath('ada', 'Stream once');
    const headers = { 'idempotency-key': 'stream-1' };
    await readStream(app, path, { headers });
    expect(eventsOf(await readStream(app, path, { headers })).at(-1)).toEqual(['complete', 'Echo: Stream once']);
    expect(app.model.calls('Stream once')).toBe(1);
  });
});
