import { beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { prepareDemo } from '../support/demo.ts';
import { pathsOf } from '../support/mutate.ts';
import { hold, reply } from '../support/scripted-model.ts';
import { chatPath, someone } from '../support/talk.ts';

let app: TestApp;
let workerId: string;

beforeAll(async () => {
  app = await startTestApp();
  ({ workerId } = await prepareDemo(app));
});

/** A channel of its own with these fields. */
async function channel(key: string, fields: object = {}): Promise<void> {
  await app.rest('POST', '/channels', { name: `Channel ${key}`, key, ...fields });
}

const connect = (key: string) => app.rest('POST', `/channels/${key}/worker/${workerId}`);

describe('POST /conversation/:identity_id/chat/:channel_id', () => {
  it('answers 200 with the whole reply and its ids', async () => {
    app.model.when('How are you?', reply.withUsage({ inputTokens: 12, outputTokens: 3 }, 'Very', ' well', '!'));
    const { status, body } = await app.rest('POST', chatPath('ada'), {
      text: 'How are you?',
      metadata: { source: 'web' },
    });
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        message: 'Message sent successfully',
        data: {
          conversation_id: expect.stringMatching(/^cnv_/),
          turn_id: expect.stringMatching(/^trn_/),
          message_id: expect.stringMatching(/^msg_/),
          reply_id: expect.stringMatching(/^msg_/),
          text: 'Very well!',
          stage: 'onboarding',
          usage: { input_tokens: 12, output_tokens: 3, exact: true },
          created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        },
      },
    });
  });

  it('names the stage the assistant has just moved the identity to', async () => {
    const person = await someone(app);
    await app.rest('POST', `/identity/${person}/stage`, { stage_id: 'onboarding' });
    app.model.when(
      'I am looking around',
      reply.toolCalls({ name: 'move_to_stage', arguments: { stage: 'considering' } }),
      reply.text('Fine.'),
    );
    const { body } = await app.rest('POST', chatPath(person), { text: 'I am looking around' });
    expect(body.data.stage).toBe('considering');
  });

  it('answers null as the stage of an identity that is in none', async () => {
    const { body } = await app.rest('POST', chatPath(await someone(app)), { text: 'Where am I?' });
    expect(body.data.stage).toBeNull();
  });

  it('estimates the usage when the endpoint does not count', async () => {
    app.model.when('Count this', reply.withUsage(null, 'One', ' two'));
    const { body } = await app.rest('POST', chatPath('ada'), { text: 'Count this' });
    expect(body.data.usage).toMatchObject({ exact: false, output_tokens: 2 });
  });

  it('goes on in the same conversation', async () => {
    const person = await someone(app);
    const first = await app.rest('POST', chatPath(person), { text: 'One' });
    const second = await app.rest('POST', chatPath(person), { text: 'Two' });
    expect(second.body.data.conversation_id).toBe(first.body.data.conversation_id);
  });

  it('takes ids as well as the external id and the key', async () => {
    const identity = (await app.rest('GET', '/identity/ada')).body.data.id;
    const web = (await app.rest('GET', '/channels/web')).body.data.id;
    const { body } = await app.rest('POST', chatPath(identity, web), { text: 'By ids' });
    expect(body.data.text).toBe('Echo: By ids');
  });

  it('keeps the metadata with the message', async () => {
    const { body } = await app.rest('POST', chatPath('ada'), {
      text: 'With metadata',
      metadata: { source: 'kiosk', nested: { a: [1] } },
    });
    const { node } = await app.query('query ($id: ID!) { node(id: $id) { ... on Message { metadata } } }', {
      id: body.data.message_id,
    });
    expect(node.metadata).toEqual({ source: 'kiosk', nested: { a: [1] } });
  });

  it('takes a key in x-api-key', async () => {
    const { status } = await app.rest(
      'POST',
      chatPath('ada'),
      { text: 'By header' },
      { authorization: '', 'x-api-key': app.credential },
    );
    expect(status).toBe(200);
  });

  it('takes a key that only writes', async () => {
    const writer = await app.withPermissions('WRITE');
    expect((await writer.rest('POST', chatPath('ada'), { text: 'Written' })).body.data.text).toBe('Echo: Written');
  });
});

describe('what chat refuses', () => {
  it.each([
    ['no text', {}, 'text'],
    ['an empty text', { text: '' }, 'text'],
    ['a blank text', { text: ' \n\t ' }, 'text'],
    ['a text that is a number', { text: 1 }, 'text'],
    ['a text with the NUL character', { text: 'a\u0000b' }, 'text'],
    ['half of a surrogate pair', '{"text":"\\ud800"}', 'text'],
    ['a text of more than 100,000 characters', { text: 'a'.repeat(100_001) }, 'text'],
    ['metadata that is a list', { text: 'Hi', metadata: [1] }, 'metadata'],
    ['metadata with a NUL character', { text: 'Hi', metadata: { a: '\u0000' } }, 'metadata'],
  ])('answers 400 for %s and names the field', async (_what, body, path) => {
    const answer = await app.rest('POST', chatPath('ada'), body);
    expect(answer.status).toBe(400);
    expect(pathsOf(answer.body)).toEqual([path]);
  });

  it.each(['{"text":', '[]', '"Hello"', 'null'])('answers 400 for the body %s', async (text) => {
    const { status, body } = await app.rest('POST', chatPath('ada'), text);
    expect(status).toBe(400);
    expect(body.code).toBe('INVALID_INPUT');
  });

  it('never calls the model for what it refuses', async () => {
    const before = app.model.requests.length;
    await app.rest('POST', chatPath('ada'), { text: ' ' });
    expect(app.model.requests).toHaveLength(before);
  });

  it('describes a failure in problem details, with message for older callers', async () => {
    const { headers, body } = await app.rest('POST', chatPath('ada'), { text: '' });
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(body).toEqual({
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      detail: 'text: must not be blank',
      code: 'INVALID_INPUT',
      message: 'text: must not be blank',
      issues: [{ path: 'text', message: 'must not be blank' }],
    });
  });

  it.each([
    ['no key', { authorization: '' }],
    ['a wrong key', { authorization: 'Bearer mp_wrong' }],
    ['another scheme', { authorization: 'Basic YWRhOmFkYQ==' }],
  ])('answers 401 to %s', async (_what, headers) => {
    const answer = await app.rest('POST', chatPath('ada'), { text: 'Hello' }, headers);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(answer.body).toMatchObject({
      title: 'Unauthorized',
      status: 401,
      code: 'UNAUTHENTICATED',
      message: answer.body.detail,
    });
  });

  it('answers 403 to a key that only reads', async () => {
    const reader = await app.withPermissions('READ');
    const { status, body } = await reader.rest('POST', chatPath('ada'), { text: 'Hello' });
    expect(status).toBe(403);
    expect(body).toMatchObject({ title: 'Forbidden', status: 403, code: 'FORBIDDEN', message: body.detail });
  });

  it.each([
    ['an unknown identity', chatPath('nobody'), /identity/],
    ['an unknown channel', chatPath('ada', 'nowhere'), /channel/],
    ['an identity that cannot be', chatPath('%00'), /identity/],
    ['a channel that cannot be', chatPath('ada', '%00'), /channel/],
  ])('answers 404 for %s', async (_what, path, detail) => {
    const { status, body } = await app.rest('POST', path, { text: 'Hello' });
    expect(status).toBe(404);
    expect(body).toMatchObject({
      title: 'Not Found',
      status: 404,
      code: 'NOT_FOUND',
      detail: expect.stringMatching(detail),
      message: body.detail,
    });
  });

  it('answers 404 for identity and channel of another workspace', async () => {
    const identity = (await app.rest('GET', '/identity/ada')).body.data.id;
    const web = (await app.rest('GET', '/channels/web')).body.data.id;
    const stranger = await app.stranger();
    expect((await stranger.rest('POST', chatPath(identity, web), { text: 'Hello' })).status).toBe(404);
  });

  it('answers 409 for a channel on which nobody answers, and says what to do', async () => {
    await channel('silent');
    const { status, body } = await app.rest('POST', chatPath('ada', 'silent'), { text: 'Hello' });
    expect(status).toBe(409);
    expect(body).toMatchObject({
      title: 'Conflict',
      code: 'CHANNEL_WITHOUT_WORKER',
      detail: expect.stringContaining('POST /channels/:channel_id/worker/:worker_id'),
    });
  });

  it('answers 409 for a channel that is not active', async () => {
    await channel('closed', { is_active: false });
    await connect('closed');
    const { status, body } = await app.rest('POST', chatPath('ada', 'closed'), { text: 'Hello' });
    expect(status).toBe(409);
    expect(body.code).toBe('CHANNEL_INACTIVE');
  });

  it('answers 409 for a worker without an assistant', async () => {
    const worker = (await app.rest('POST', '/workers', { name: 'Lonely worker' })).body.data.id;
    await channel('lonely');
    await app.rest('POST', `/channels/lonely/worker/${worker}`);
    const { status, body } = await app.rest('POST', chatPath('ada', 'lonely'), { text: 'Hello' });
    expect(status).toBe(409);
    expect(body.code).toBe('WORKER_WITHOUT_ASSISTANT');
  });

  it('answers 409 while a turn runs, where the settings of the channel say REJECT', async () => {
    await channel('strict', { settings: { whenBusy: 'REJECT' } });
    await connect('strict');
    const waiting = hold();
    app.model.when('The first of two', reply.text('Done', waiting));
    const first = app.rest('POST', chatPath('ada', 'strict'), { text: 'The first of two' });
    await waiting.reached;
    const second = await app.rest('POST', chatPath('ada', 'strict'), { text: 'The second of two' });
    waiting.release();
    expect(second.status).toBe(409);
    expect(second.body.code).toBe('CONVERSATION_BUSY');
    expect((await first).status).toBe(200);
  });
});
