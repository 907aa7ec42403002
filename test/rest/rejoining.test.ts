import { beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { prepareDemo } from '../support/demo.ts';
import { type Block, BlockReader, eventsOf, openStream, readStream, textOf } from '../support/event-stream.ts';
import { pathsOf } from '../support/mutate.ts';
import { hold, reply } from '../support/scripted-model.ts';
import { chatPath, findLastTurn, findTurn, someone, streamPath } from '../support/talk.ts';

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp();
  await prepareDemo(app);
});

/** Streams a reply and leaves after its first token; the model waits before the second. */
async function cutOff(message: string) {
  const waiting = hold();
  app.model.when(message, reply.text('First', waiting, ' second', ' third'));
  const path = streamPath(await someone(app), message);
  const response = await openStream(app, path);
  const reader = new BlockReader(response);
  const [position, token] = [await reader.next(), await reader.next()] as [Block, Block];
  await reader.leave();
  const turnPath = response.headers.get('content-location') as string;
  return { path, turnPath, waiting, position, token };
}

const behind = ({ id }: Block) => ({ headers: { 'last-event-id': id as string } });

describe('the same GET with Last-Event-ID', () => {
  it('goes on behind the last event, and ends with the whole reply', async () => {
    const { path, token, waiting } = await cutOff('Go on');
    waiting.release();
    const blocks = await readStream(app, path, behind(token));
    expect(textOf(blocks)).toBe(' second third');
    expect(eventsOf(blocks).at(-1)).toEqual(['complete', 'First second third']);
  });

  it('sends the message only once', async () => {
    const { path, token, waiting } = await cutOff('Once only');
    waiting.release();
    await readStream(app, path, behind(token));
    expect(app.model.calls('Once only')).toBe(1);
  });

  it('stays with the same turn', async () => {
    const { path, turnPath, token, waiting } = await cutOff('Same turn');
    const response = await openStream(app, path, behind(token));
    expect(response.headers.get('content-location')).toBe(turnPath);
    waiting.release();
    await new BlockReader(response).rest();
  });

  it('tells everything to a reader that has only the first position', async () => {
    const { path, position, waiting } = await cutOff('From the first position');
    waiting.release();
    expect(textOf(await readStream(app, path, behind(position)))).toBe('First second third');
  });

  it('answers 204 once the end has been seen', async () => {
    const path = streamPath('ada', 'Seen to the end');
    const end = (await readStream(app, path)).at(-1) as Block;
    const response = await openStream(app, path, behind(end));
    expect(response.status).toBe(204);
    expect(await response.text()).toBe('');
    expect(app.model.calls('Seen to the end')).toBe(1);
  });

  it('sends the end again to a reader that missed it', async () => {
    const path = streamPath('ada', 'Missed the end');
    const beforeEnd = (await readStream(app, path)).at(-2) as Block;
    expect(eventsOf(await readStream(app, path, behind(beforeEnd)))).toEqual([['complete', 'Echo: Missed the end']]);
  });

  it('answers 400 for an id that is no position, and names the header', async () => {
    const response = await openStream(app, streamPath('ada', 'Hello'), { headers: { 'last-event-id': 'nonsense' } });
    expect(response.status).toBe(400);
    expect(pathsOf((await response.json()) as { issues: [] })).toEqual(['Last-Event-ID']);
  });

  it('answers 400 for a position of another workspace', async () => {
    const end = (await readStream(app, streamPath('ada', 'Private'))).at(-1) as Block;
    const { credential } = await app.stranger();
    expect((await openStream(app, streamPath('ada', 'Private'), { credential, ...behind(end) })).status).toBe(400);
  });

  it('takes the position as ?after= too', async () => {
    const { path, token, waiting } = await cutOff('By query');
    waiting.release();
    expect(textOf(await readStream(app, `${path}&after=${token.id}`))).toBe(' second third');
  });
});

describe('GET /turns/:turn_id/events', () => {
  it('tells a turn from its beginning while it runs', async () => {
    const { turnPath, waiting } = await cutOff('From the beginning');
    const reader = new BlockReader(await openStream(app, turnPath));
    expect((await reader.next())?.data).toEqual({ type: 'token', content: 'First' });
    waiting.release();
    expect(eventsOf(await reader.rest()).at(-1)).toEqual(['complete', 'First second third']);
  });

  it('tells a turn again when it has ended', async () => {
    const { body } = await app.rest('POST', chatPath('ada'), { text: 'Said before' });
    const blocks = await readStream(app, `/turns/${body.data.turn_id}/events`);
    expect(textOf(blocks)).toBe('Echo: Said before');
    expect(eventsOf(blocks).at(-1)).toEqual(['complete', 'Echo: Said before']);
  });

  it('says that a turn was cancelled', async () => {
    const { turnPath } = await cutOff('Cancelled');
    const reader = new BlockReader(await openStream(app, turnPath));
    await app.rest('POST', turnPath.replace('/events', '/cancel'));
    expect(eventsOf(await reader.rest())).toEqual([
      ['token', 'First'],
      ['error', 'The reply was cancelled.'],
    ]);
  });

  it.each(['Last-Event-ID', 'after'])('goes on behind %s', async (way) => {
    const { turnPath, token, waiting } = await cutOff(`Behind ${way}`);
    waiting.release();
    const blocks =
      way === 'after'
        ? await readStream(app, `${turnPath}?after=${token.id}`)
        : await readStream(app, turnPath, behind(token));
    expect(textOf(blocks)).toBe(' second third');
  });

  it('believes Last-Event-ID when both are given: it is newer', async () => {
    const { turnPath, position, token, waiting } = await cutOff('Both');
    waiting.release();
    expect(textOf(await readStream(app, `${turnPath}?after=${position.id}`, behind(token)))).toBe(' second third');
  });

  it('answers 204 once the end has been seen', async () => {
    const { body } = await app.rest('POST', chatPath('ada'), { text: 'All seen' });
    const path = `/turns/${body.data.turn_id}/events`;
    const end = (await readStream(app, path)).at(-1) as Block;
    expect((await openStream(app, path, behind(end))).status).toBe(204);
  });

  it('tells a turn whole to a reader that comes from the end of an earlier one', async () => {
    const person = await someone(app);
    const end = (await readStream(app, streamPath(person, 'Earlier'))).at(-1) as Block;
    const { body } = await app.rest('POST', chatPath(person), { text: 'Later' });
    const blocks = await readStream(app, `/turns/${body.data.turn_id}/events`, behind(end));
    expect(textOf(blocks)).toBe('Echo: Later');
  });

  it('tells the end to a reader whose position is behind it', async () => {
    const person = await someone(app);
    const { body } = await app.rest('POST', chatPath(person), { text: 'Over' });
    const { conversation } = await app.query('query ($id: ID!) { conversation(id: $id) { cursor } }', {
      id: body.data.conversation_id,
    });
    const blocks = await readStream(app, `/turns/${body.data.turn_id}/events?after=${conversation.cursor}`);
    expect(eventsOf(blocks).at(-1)).toEqual(['complete', 'Echo: Over']);
  });

  it('answers 400 for a position in another conversation', async () => {
    const end = (await readStream(app, streamPath(await someone(app), 'Elsewhere'))).at(-1) as Block;
    const { body } = await app.rest('POST', chatPath('ada'), { text: 'Here' });
    expect((await openStream(app, `/turns/${body.data.turn_id}/events`, behind(end))).status).toBe(400);
  });

  it.each(['trn_01m7xb1a9qenfvgb7ykx77vyn2', 'nonsense', '%00'])('answers 404 for the turn %s', async (id) => {
    const { status, body } = await app.rest('GET', `/turns/${id}/events`);
    expect(status).toBe(404);
    expect(body.code).toBe('NOT_FOUND');
  });

  it('answers 404 to another workspace', async () => {
    const { body } = await app.rest('POST', chatPath('ada'), { text: 'Ours' });
    expect((await (await app.stranger()).rest('GET', `/turns/${body.data.turn_id}/events`)).status).toBe(404);
  });

  it('answers 403 to a key that only writes', async () => {
    const { body } = await app.rest('POST', chatPath('ada'), { text: 'Unreadable' });
    expect((await (await app.withPermissions('WRITE')).rest('GET', `/turns/${body.data.turn_id}/events`)).status).toBe(
      403,
    );
  });
});

describe('POST /turns/:turn_id/cancel', () => {
  it('ends a turn that waits for another at once', async () => {
    const { path, waiting } = await cutOff('In front');
    const queued = await openStream(app, path.replace('In+front', 'Behind it'));
    const turnId = queued.headers.get('content-location')?.split('/')[2] as string;
    const { status, body } = await app.rest('POST', `/turns/${turnId}/cancel`);
    waiting.release();
    expect(status).toBe(200);
    expect(body).toEqual({ message: 'Turn cancelled successfully', data: { turn_id: turnId, status: 'cancelled' } });
    await new BlockReader(queued).leave();
  });

  it('keeps what was said', async () => {
    const { turnPath } = await cutOff('Cancel me');
    const turnId = turnPath.split('/')[2] as string;
    await app.rest('POST', `/turns/${turnId}/cancel`);
    await readStream(app, turnPath);
    expect(await findTurn(app, turnId)).toMatchObject({
      status: 'CANCELLED',
      message: { text: 'Cancel me' },
      reply: { text: 'First' },
    });
  });

  it('stops the request to the model', async () => {
    const { turnPath } = await cutOff('Stop the model');
    const { ended } = await app.model.received('Stop the model');
    await app.rest('POST', turnPath.replace('/events', '/cancel'));
    expect(await ended).toBe('left');
  });

  it('is answered 409 by the chat that waits', async () => {
    const waiting = hold();
    app.model.when('Never answered', reply.text('Well', waiting));
    const person = await someone(app);
    const chat = app.rest('POST', chatPath(person), { text: 'Never answered' });
    await waiting.reached;
    await app.rest('POST', `/turns/${(await findLastTurn(app, person)).id}/cancel`);
    const { status, body } = await chat;
    expect(status).toBe(409);
    expect(body.code).toBe('TURN_CANCELLED');
  });

  it('leaves a turn as it is that has ended', async () => {
    const { body } = await app.rest('POST', chatPath('ada'), { text: 'Too late' });
    const { status, body: answer } = await app.rest('POST', `/turns/${body.data.turn_id}/cancel`);
    expect(status).toBe(200);
    expect(answer.data.status).toBe('completed');
  });

  it('answers 403 to a key that only reads', async () => {
    const { body } = await app.rest('POST', chatPath('ada'), { text: 'Not yours' });
    expect((await (await app.withPermissions('READ')).rest('POST', `/turns/${body.data.turn_id}/cancel`)).status).toBe(
      403,
    );
  });

  it('answers 404 to another workspace', async () => {
    const { body } = await app.rest('POST', chatPath('ada'), { text: 'Not theirs' });
    expect((await (await app.stranger()).rest('POST', `/turns/${body.data.turn_id}/cancel`)).status).toBe(404);
  });

  it.each(['nonsense', '%00'])('answers 404 for the turn %s', async (id) => {
    expect((await app.rest('POST', `/turns/${id}/cancel`)).status).toBe(404);
  });
});
