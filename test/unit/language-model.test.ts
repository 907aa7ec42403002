import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLanguageModel } from '../../src/language-model/create.ts';
import type { LanguageModel, ModelRequest, ModelResult } from '../../src/language-model/port.ts';
import { hold, reply, type ScriptedModel, startScriptedModel } from '../support/scripted-model.ts';

let endpoint: ScriptedModel;
let model: LanguageModel;

beforeEach(async () => {
  endpoint = await startScriptedModel();
  model = createLanguageModel({
    apiKey: 'sk-test-0123456789',
    baseUrl: endpoint.url,
    model: 'small',
    offlineTokenDelayMs: 0,
  });
});

afterEach(() => endpoint.close());

function asking(text: string, more: Partial<ModelRequest> = {}): ModelRequest {
  return { messages: [{ role: 'user', content: text }], tools: [], requestId: 'trn_1', ...more };
}

async function ask(request: ModelRequest): Promise<ModelResult & { pieces: string[] }> {
  const pieces: string[] = [];
  const result = await model.stream(request, (text) => pieces.push(text), new AbortController().signal);
  return { ...result, pieces };
}

function without(headers: object, ...names: string[]) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
}

const CHUNK = { id: 'c', object: 'chat.completion.chunk', created: 0, model: 'small' };
const delta = (content: object, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ ...CHUNK, choices: [{ index: 0, delta: content, finish_reason }] })}\n\n`;

describe('the request', () => {
  it('carries the key, the request id under both names, and asks for a stream with usage', async () => {
    await ask(asking('Hello'));
    const { body, headers } = await endpoint.received('Hello');
    expect(body).toEqual({
      model: 'small',
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(headers).toMatchObject({
      authorization: 'Bearer sk-test-0123456789',
      'x-client-request-id': 'trn_1',
      'x-request-id': 'trn_1',
    });
  });

  it('carries nothing of the one before it', async () => {
    const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'vendor=1' };
    await ask(asking('First', { trace }));
    await ask(
      asking('Second', { requestId: 'trn_2', trace: { traceparent: trace.traceparent, tracestate: undefined } }),
    );
    await ask(asking('Third', { requestId: 'trn_3' }));
    const [first, second, third] = await Promise.all(
      ['First', 'Second', 'Third'].map(async (text) => (await endpoint.received(text)).headers),
    );
    const same = { ...first, 'content-length': expect.any(String) };
    expect(second).toEqual({
      ...without(same, 'tracestate'),
      'x-client-request-id': 'trn_2',
      'x-request-id': 'trn_2',
    });
    expect(third).toEqual({
      ...without(same, 'tracestate', 'traceparent'),
      'x-client-request-id': 'trn_3',
      'x-request-id': 'trn_3',
    });
  });

  it('carries no credentials without an API key', async () => {
    model = createLanguageModel({ baseUrl: endpoint.url, offlineTokenDelayMs: 0 });
    await ask(asking('Hello'));
    expect((await endpoint.received('Hello')).headers.authorization).toBeUndefined();
  });

  it('names the model it is asked for instead of the default one', async () => {
    const { model: answered } = await ask(asking('Hello', { model: 'large' }));
    expect([answered, endpoint.requests[0]?.body.model]).toEqual(['large', 'large']);
  });

  it('puts tools, tool calls and tool results into the wire format', async () => {
    const parameters = { type: 'object', properties: { key: { type: 'string' } } };
    await ask({
      requestId: 'trn_1',
      tools: [{ name: 'remember', description: 'Remembers.', parameters }],
      messages: [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: '', toolCalls: [{ id: 'call_1', name: 'remember', arguments: '{"key":"a"}' }] },
        { role: 'tool', toolCallId: 'call_1', content: 'done' },
      ],
    });
    expect(endpoint.requests[0]?.body).toMatchObject({
      tools: [{ type: 'function', function: { name: 'remember', description: 'Remembers.', parameters } }],
      messages: [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'Hi' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'remember', arguments: '{"key":"a"}' } }],
        },
        { role: 'tool', tool_call_id: 'call_1', content: 'done' },
      ],
    });
  });

  it('keeps the connection for the next one', async () => {
    await ask(asking('One'));
    await ask(asking('Two'));
    const [one, two] = endpoint.requests;
    expect(two?.clientPort).toBe(one?.clientPort);
  });
});

describe('the answer', () => {
  it('is passed on, what came together as one piece, with the model and the usage at the end', async () => {
    endpoint.next(reply.withUsage({ inputTokens: 12, outputTokens: 3 }, 'One ', 'two ', 'three'));
    const { pieces, ...rest } = await ask(asking('Count'));
    expect({ ...rest, text: pieces.join('') }).toEqual({
      text: 'One two three',
      model: 'small',
      toolCalls: [],
      usage: { inputTokens: 12, outputTokens: 3 },
    });
  });

  it('is passed on as it comes', async () => {
    const place = hold();
    const first = Promise.withResolvers<string>();
    endpoint.next(reply.text('One ', place, 'two'));
    const pieces: string[] = [];
    const collect = (text: string) => {
      first.resolve(text);
      pieces.push(text);
    };
    const result = model.stream(asking('Count'), collect, new AbortController().signal);
    expect(await first.promise).toBe('One ');
    place.release();
    await result;
    expect(pieces).toEqual(['One ', 'two']);
  });

  it('has no usage when the endpoint does not count', async () => {
    endpoint.next(reply.withUsage(null, 'One'));
    expect((await ask(asking('Count'))).usage).toBeNull();
  });

  it('may be split anywhere, also within a letter', async () => {
    const bytes = Buffer.from(`${delta({ content: 'Olá, ' })}${delta({ content: '世界' }, 'stop')}data: [DONE]\n\n`);
    endpoint.next(reply.raw('text/event-stream', ...Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))));
    // How many pieces arrive together is the network's business.
    expect((await ask(asking('Hello'))).pieces.join('')).toBe('Olá, 世界');
  });

  it('may have comments, other line ends, null contents and no end mark', async () => {
    const body = `: warming up\r\n\r\n${delta({ role: 'assistant', content: null })}${delta({ content: 'Hi' })}${delta({}, 'stop')}`;
    endpoint.next(reply.raw('text/event-stream', body.replaceAll('\n\n', '\r\n\r\n')));
    expect((await ask(asking('Hello'))).pieces).toEqual(['Hi']);
  });

  it('may come as one piece of JSON from an endpoint that does not stream', async () => {
    const message = { role: 'assistant', content: 'All at once', tool_calls: null };
    const usage = { prompt_tokens: 4, completion_tokens: 3 };
    endpoint.next(reply.status(200, { model: 'old', choices: [{ index: 0, message, finish_reason: 'stop' }], usage }));
    expect(await ask(asking('Hello'))).toEqual({
      pieces: ['All at once'],
      model: 'old',
      toolCalls: [],
      usage: { inputTokens: 4, outputTokens: 3 },
    });
  });

  it('is taken when the endpoint sends the end mark but keeps the connection open', async () => {
    const open = hold();
    endpoint.next(reply.raw('text/event-stream', `${delta({ content: 'Hi' }, 'stop')}data: [DONE]\n\n`, open));
    expect((await ask(asking('Hello'))).pieces).toEqual(['Hi']);
    expect(await endpoint.requests[0]?.ended).toBe('left');
  });

  it('is taken when the connection breaks after the last word', async () => {
    endpoint.next(async (call) => {
      call.openStream();
      await call.chunk({ content: 'Hi' }, 'stop');
      call.cut();
    });
    expect((await ask(asking('Hello'))).pieces).toEqual(['Hi']);
  });

  it('passes on a refusal as text', async () => {
    endpoint.next(reply.raw('text/event-stream', delta({ content: null, refusal: 'I will not.' }, 'stop')));
    expect((await ask(asking('Hello'))).pieces).toEqual(['I will not.']);
  });

  it('is kept apart from those of other requests at the same time', async () => {
    const words = Array.from({ length: 50 }, (_, index) => `word${index}`);
    const answers = await Promise.all(words.map((word) => ask(asking(word))));
    expect(answers.map(({ pieces }) => pieces.join(''))).toEqual(words.map((word) => `Echo: ${word}`));
  });
});

describe('tool calls', () => {
  it('are put together from their pieces', async () => {
    endpoint.next(
      reply.toolCalls(
        { id: 'call_a', name: 'remember', arguments: { key: 'a', value: 1 } },
        { id: 'call_b', name: 'move_to_stage', arguments: { stage: 'vip' } },
      ),
    );
    const { toolCalls, pieces } = await ask(asking('Do it'));
    expect(pieces).toEqual([]);
    expect(toolCalls).toEqual([
      { id: 'call_a', name: 'remember', arguments: '{"key":"a","value":1}' },
      { id: 'call_b', name: 'move_to_stage', arguments: '{"stage":"vip"}' },
    ]);
  });

  it.each([
    ['the same index for all', 0],
    ['no index', undefined],
  ])('are kept apart when the endpoint gives %s', async (_, index) => {
    const called = (id: string) => ({
      tool_calls: [{ index, id, function: { name: id, arguments: `{"of":"${id}"}` } }],
    });
    endpoint.next(reply.raw('text/event-stream', delta(called('a')), delta(called('b')), delta({}, 'tool_calls')));
    const { toolCalls } = await ask(asking('Do it'));
    expect(toolCalls).toEqual([
      { id: 'a', name: 'a', arguments: '{"of":"a"}' },
      { id: 'b', name: 'b', arguments: '{"of":"b"}' },
    ]);
  });

  it('get an id and empty arguments when the endpoint gives none', async () => {
    endpoint.next(
      reply.raw('text/event-stream', delta({ tool_calls: [{ index: 0, function: { name: 'list' } }] }, 'tool_calls')),
    );
    expect((await ask(asking('Do it'))).toolCalls).toEqual([{ id: 'call_0', name: 'list', arguments: '{}' }]);
  });
});
