import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLanguageModel } from '../../src/language-model/create.ts';
import { type LanguageModel, ModelError } from '../../src/language-model/port.ts';
import { hold, type Reply, reply, type ScriptedModel, startScriptedModel } from '../support/scripted-model.ts';

const API_KEY = 'sk-test-0123456789';
let endpoint: ScriptedModel;
let model: LanguageModel;

beforeEach(async () => {
  endpoint = await startScriptedModel();
  model = modelAt(endpoint.url);
});

afterEach(() => endpoint.close());

/** Patient, unless silence is the subject: a busy machine can be slow to answer. */
function modelAt(baseUrl: string, patienceMs = 10_000): LanguageModel {
  return createLanguageModel({
    apiKey: API_KEY,
    baseUrl,
    model: 'small',
    offlineTokenDelayMs: 0,
    firstTokenTimeoutMs: patienceMs,
    idleTimeoutMs: patienceMs,
  });
}

function stream(onText: (text: string) => void = () => {}, signal = new AbortController().signal) {
  return model.stream({ messages: [{ role: 'user', content: 'Hi' }], tools: [], requestId: 'trn_1' }, onText, signal);
}

async function failure(answer: Reply): Promise<ModelError> {
  endpoint.next(answer);
  const error = await stream().catch((reason: unknown) => reason);
  if (error instanceof ModelError) return error;
  throw new Error('no ModelError', { cause: error });
}

const event = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`;
const text = event({ choices: [{ index: 0, delta: { content: 'One ' } }] });
const fault = (error: unknown) => reply.raw('text/event-stream', event({ error }));

describe('a status', () => {
  it.each([
    [401, 'MODEL_UNAUTHORIZED', false],
    [403, 'MODEL_UNAUTHORIZED', false],
    [429, 'MODEL_RATE_LIMITED', true],
    [500, 'MODEL_UNAVAILABLE', true],
    [503, 'MODEL_UNAVAILABLE', true],
    [400, 'MODEL_REJECTED', false],
    [404, 'MODEL_REJECTED', false],
    [422, 'MODEL_REJECTED', false],
    [302, 'MODEL_BAD_RESPONSE', false],
  ])('of %i is %s', async (status, code, retryable) => {
    expect(await failure(reply.status(status))).toMatchObject({ code, retryable });
    expect(endpoint.requests).toHaveLength(1);
  });

  it.each([
    [{ 'retry-after': '7' }, 7000],
    [{ 'retry-after-ms': '250', 'retry-after': '7' }, 250],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }, 0],
    [{}, undefined],
  ])('with %j asks to wait for %s ms', async (headers, retryAfterMs) => {
    expect((await failure(reply.status(429, {}, headers))).retryAfterMs).toBe(retryAfterMs);
  });

  it('with a date asks to wait until then', async () => {
    const date = new Date(Date.now() + 60_000).toUTCString();
    const { retryAfterMs } = await failure(reply.status(503, {}, { 'retry-after': date }));
    expect(retryAfterMs).toBeGreaterThan(50_000);
    expect(retryAfterMs).toBeLessThanOrEqual(60_000);
  });

  it('of 429 is not worth a retry when the quota is used up', async () => {
    const error = { message: 'You exceeded your current quota.', code: 'insufficient_quota' };
    expect(await failure(reply.status(429, { error }))).toMatchObject({ code: 'MODEL_RATE_LIMITED', retryable: false });
  });

  it.each([
    [{ error: { message: 'Unknown model "x"' } }, 'rejected the request (status 400): Unknown model "x"'],
    [{ error: 'model is loading' }, 'rejected the request (status 400): model is loading'],
    [{ detail: 'no such field' }, 'rejected the request (status 400): no such field'],
    ['<html><h1>Bad Request</h1></html>', 'rejected the request (status 400).'],
    ['', 'rejected the request (status 400).'],
  ])('quotes the words of %j', async (body, words) => {
    expect((await failure(reply.status(400, body))).message).toBe(`The model endpoint ${words}`);
  });

  it('never repeats the API key', async () => {
    const error = { message: `Incorrect API key provided: ${API_KEY}.` };
    const thrown = await failure(reply.status(401, { error }));
    expect(thrown.message).toContain('Incorrect API key provided: ***.');
    expect(JSON.stringify([thrown.message, thrown.stack, thrown.cause])).not.toContain(API_KEY);
  });
});

describe('an error within the stream', () => {
  it.each([
    [{ message: 'Slow down', code: 'rate_limit_exceeded' }, 'MODEL_RATE_LIMITED', true],
    [{ message: 'Slow down', code: 429 }, 'MODEL_RATE_LIMITED', true],
    [{ message: 'Oops', type: 'server_error' }, 'MODEL_UNAVAILABLE', true],
    [{ message: 'No', type: 'invalid_request_error' }, 'MODEL_REJECTED', false],
    [{ message: 'No', type: 'authentication_error' }, 'MODEL_UNAUTHORIZED', false],
    ['out of memory', 'MODEL_UNAVAILABLE', true],
  ])('%j is %s', async (error, code, retryable) => {
    expect(await failure(fault(error))).toMatchObject({ code, retryable });
  });

  it('is not worth a retry after text', async () => {
    const answer = reply.raw('text/event-stream', text, event({ error: { message: 'Oops' } }));
    expect(await failure(answer)).toMatchObject({ code: 'MODEL_UNAVAILABLE', retryable: false });
  });

  it('is recognized by the name of its event', async () => {
    const answer = reply.raw('text/event-stream', 'event: error\ndata: {"message":"Oops"}\n\n');
    expect(await failure(answer)).toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      message: expect.stringContaining('Oops'),
    });
  });

  it('is recognized in JSON with status 200', async () => {
    expect(await failure(reply.status(200, { error: { message: 'No', code: 400 } }))).toMatchObject({
      code: 'MODEL_REJECTED',
    });
  });
});

describe('an answer', () => {
  it.each([
    ['a web page', reply.status(200, '<html>Welcome</html>')],
    ['no events', reply.raw('text/plain', 'hello')],
    ['no events', reply.raw('text/event-stream')],
    ['no events', reply.raw('text/event-stream', 'data: [DONE]\n\n')],
    ['something that is not JSON', reply.raw('text/event-stream', 'data: {"choices": [\n\n')],
    ['something that is not JSON', reply.raw('application/json', '{"choices"')],
    ['JSON of another kind', reply.raw('text/event-stream', 'data: 5\n\n')],
    ['JSON of another kind', reply.status(200, { hello: 'world' })],
  ])('that is %s is bad', async (was, answer) => {
    const error = await failure(answer);
    expect(error).toMatchObject({ code: 'MODEL_BAD_RESPONSE', retryable: false });
    expect(error.message).toContain(`sent ${was} instead of a chat completion`);
  });

  it('that is cut after text is bad, and not worth a retry', async () => {
    expect(await failure(reply.cut('One ', 'two'))).toMatchObject({ code: 'MODEL_BAD_RESPONSE', retryable: false });
  });

  it('that ends politely in the middle is bad', async () => {
    const answer = reply.raw('text/event-stream', text);
    expect(await failure(answer)).toMatchObject({ code: 'MODEL_BAD_RESPONSE', retryable: false });
  });

  it('that is cut before any text is worth a retry', async () => {
    expect(await failure(reply.cut())).toMatchObject({ code: 'MODEL_UNAVAILABLE', retryable: true });
    expect(await failure(reply.cut(''))).toMatchObject({ code: 'MODEL_UNAVAILABLE', retryable: true });
  });

  it('has been passed on up to where it broke', async () => {
    const place = hold();
    endpoint.next(reply.cut('One ', 'two ', place));
    let told = '';
    const failed = expect(
      stream((piece) => {
        told += piece;
        if (told === 'One two ') place.release();
      }),
    ).rejects.toThrow('in the middle of its answer');
    await failed;
    expect(told).toBe('One two ');
  });
});

describe('no answer', () => {
  it('where nobody listens is worth a retry', async () => {
    const { url } = endpoint;
    await endpoint.close();
    model = modelAt(url);
    await expect(stream()).rejects.toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      retryable: true,
      message: expect.stringContaining('ECONNREFUSED'),
    });
    endpoint = await startScriptedModel();
  });

  it.each([
    ['not even a status', reply.hang()],
    ['a status and then nothing', reply.hang({ headers: true })],
    ['the head of an error and then nothing', (call: Parameters<Reply>[0]) => call.head(500, { 'content-length': 10 })],
  ])('but %s is a timeout', async (_, answer) => {
    model = modelAt(endpoint.url, 50);
    expect(await failure(answer)).toMatchObject({ code: 'MODEL_TIMEOUT', retryable: true });
    expect(await endpoint.requests[0]?.ended).toBe('left');
  });

  it('to come after some text is a timeout, and not worth a retry', async () => {
    // Long enough for the first piece on a busy machine.
    model = modelAt(endpoint.url, 500);
    const error = await failure(reply.text('One ', hold(), 'two'));
    expect(error).toMatchObject({ code: 'MODEL_TIMEOUT', retryable: false });
    expect(error.message).toBe('The model endpoint sent nothing for 0.5 seconds.');
    expect(await endpoint.requests[0]?.ended).toBe('left');
  });
});

it('passes a fault of the text callback through unchanged and closes the connection', async () => {
  const bug = new TypeError('no such property');
  endpoint.next(reply.text('One ', hold()));
  const thrown = stream(() => {
    throw bug;
  });
  await expect(thrown).rejects.toBe(bug);
  expect(await endpoint.requests[0]?.ended).toBe('left');
});
