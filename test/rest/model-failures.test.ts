import { beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { prepareDemo } from '../support/demo.ts';
import { type Block, eventsOf, readStream, textOf } from '../support/event-stream.ts';
import { type Reply, reply } from '../support/scripted-model.ts';
import { chatPath, findLastTurn, findTurn, someone, streamPath } from '../support/talk.ts';

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ environment: { MODEL_FIRST_TOKEN_TIMEOUT_MS: '400', MODEL_IDLE_TIMEOUT_MS: '400' } });
  await prepareDemo(app);
});

interface Failure {
  what: string;
  answer: Reply;
  code: string;
  /** How chat answers. */
  status: number;
  title: string;
  /** How often the endpoint is asked for one turn. */
  asked: number;
  /** What people are told. */
  says: RegExp;
  /** What was said before. */
  partial?: string;
}

/** Begins to answer and then sends nothing more. */
const stall: Reply = async (call) => {
  call.openStream();
  await call.chunk({ content: 'Half' });
};

const bad = { status: 502, title: 'Bad Gateway' };
const late = { status: 504, title: 'Gateway Timeout', code: 'MODEL_TIMEOUT', says: /nothing for 0\.4 seconds/ };

const FAILURES: Failure[] = [
  {
    what: 'refuses the API key',
    answer: reply.status(401),
    code: 'MODEL_UNAUTHORIZED',
    ...bad,
    asked: 1,
    says: /OPENAI_API_KEY/,
  },
  {
    what: 'rejects the request',
    answer: reply.status(400),
    code: 'MODEL_REJECTED',
    ...bad,
    asked: 1,
    says: /rejected the request/,
  },
  {
    what: 'limits requests',
    answer: reply.status(429),
    code: 'MODEL_RATE_LIMITED',
    ...bad,
    asked: 3,
    says: /limiting requests/,
  },
  {
    what: 'asks to wait for a minute',
    answer: reply.status(429, undefined, { 'retry-after': '60' }),
    code: 'MODEL_RATE_LIMITED',
    ...bad,
    asked: 1,
    says: /limiting/,
  },
  {
    what: 'fails',
    answer: reply.status(500),
    code: 'MODEL_UNAVAILABLE',
    ...bad,
    asked: 3,
    says: /failed \(status 500\)/,
  },
  {
    what: 'breaks the connection',
    answer: reply.cut(),
    code: 'MODEL_UNAVAILABLE',
    ...bad,
    asked: 3,
    says: /No connection/,
  },
  {
    what: 'is a web page',
    answer: reply.status(200, '<html>Hi</html>'),
    code: 'MODEL_BAD_RESPONSE',
    ...bad,
    asked: 1,
    says: /a web page/,
  },
  {
    what: 'sends garbage',
    answer: reply.raw('text/event-stream', 'data: {"garbage\n\n'),
    code: 'MODEL_BAD_RESPONSE',
    ...bad,
    asked: 1,
    says: /not JSON/,
  },
  { what: 'never answers', answer: reply.hang(), ...late, asked: 3 },
  { what: 'stops in mid-answer', answer: stall, ...late, asked: 1, partial: 'Half' },
  {
    ...{
      what: 'breaks the connection in mid-answer',
      answer: reply.cut('Half', ' an answer'),
      code: 'MODEL_BAD_RESPONSE',
    },
    ...{ ...bad, asked: 1, says: /in the middle of its answer/, partial: 'Half an answer' },
  },
];

describe.each(FAILURES)('an endpoint that $what', ({ what, answer, code, status, title, asked, says, partial }) => {
  const message = `To one that ${what}`;
  let person: string;
  let chat: Awaited<ReturnType<TestApp['rest']>>;
  let streamed: Block[];

  beforeAll(async () => {
    app.model.when(message, answer);
    app.model.when(`${message}, streamed`, answer);
    person = await someone(app);
    const listener = await someone(app);
    [chat, streamed] = await Promise.all([
      app.rest('POST', chatPath(person), { text: message }),
      readStream(app, streamPath(listener, `${message}, streamed`)),
    ]);
  });

  it(`makes chat answer ${status}`, () => {
    expect(chat.status).toBe(status);
    expect(chat.headers.get('content-type')).toBe('application/problem+json');
    const { detail } = chat.body;
    expect(chat.body).toEqual({
      type: 'about:blank',
      title,
      status,
      code,
      detail: expect.stringMatching(says),
      message: detail,
    });
  });

  it(`ends the turn FAILED with ${code}, and keeps what was said`, async () => {
    expect(await findLastTurn(app, person)).toMatchObject({
      status: 'FAILED',
      error: { code, message: chat.body.detail },
      message: { text: message },
      reply: partial === undefined ? null : { text: partial },
    });
  });

  it(`is asked ${asked === 1 ? 'once' : 'three times'}`, () => {
    expect(app.model.calls(message)).toBe(asked);
  });

  it('ends the stream with an error event, behind what was said', () => {
    expect(textOf(streamed)).toBe(partial ?? '');
    expect(eventsOf(streamed).at(-1)).toEqual(['error', chat.body.detail]);
  });
});

describe('an endpoint that recovers', () => {
  it.each([
    ['limited requests', reply.status(429, undefined, { 'retry-after-ms': '1' })],
    ['failed', reply.status(503)],
    ['broke the connection', reply.cut()],
  ])('answers after it %s', async (what, first) => {
    app.model.when(`After it ${what}`, first, reply.text('Here I am'));
    const { status, body } = await app.rest('POST', chatPath('ada'), { text: `After it ${what}` });
    expect(status).toBe(200);
    expect(body.data.text).toBe('Here I am');
  });
});

describe('after a failed turn', () => {
  it('the conversation goes on, with the failed message in its history', async () => {
    const person = await someone(app);
    app.model.when('Fail this', reply.status(401));
    await app.rest('POST', chatPath(person), { text: 'Fail this' });
    await app.rest('POST', chatPath(person), { text: 'Do you remember?' });
    const { body } = await app.model.received('Do you remember?');
    expect(body.messages.map(({ role, content }) => [role, content]).slice(1)).toEqual([
      ['user', 'Fail this'],
      ['user', 'Do you remember?'],
    ]);
  });

  it('a queued one is answered', async () => {
    const person = await someone(app);
    app.model.when('Fail first', reply.status(500));
    const failing = app.rest('POST', chatPath(person), { text: 'Fail first' });
    await app.model.received('Fail first');
    const second = await app.rest('POST', chatPath(person), { text: 'Then this' });
    expect((await failing).status).toBe(502);
    expect(second.body.data.text).toBe('Echo: Then this');
  });
});

describe('text PostgreSQL cannot hold', () => {
  it('is left out of a reply', async () => {
    app.model.when('Say NUL', reply.text('a\u0000b', '\u0000', 'c'));
    const { status, body } = await app.rest('POST', chatPath('ada'), { text: 'Say NUL' });
    expect(status).toBe(200);
    expect(body.data.text).toBe('abc');
  });

  it('is left out of the words of a failure', async () => {
    app.model.when('Fail with NUL', reply.status(400, { error: { message: 'a\u0000b' } }));
    const response = readStream(app, streamPath(await someone(app), 'Fail with NUL'));
    expect(eventsOf(await response).at(-1)).toEqual(['error', expect.stringContaining('a b')]);
  });

  it('does not keep a turn from failing', async () => {
    app.model.when('Fail after NUL', reply.cut('a\u0000', 'b'));
    const person = await someone(app);
    await app.rest('POST', chatPath(person), { text: 'Fail after NUL' });
    const { id } = await findLastTurn(app, person);
    expect(await findTurn(app, id)).toMatchObject({ status: 'FAILED', reply: { text: 'ab' } });
  });
});
