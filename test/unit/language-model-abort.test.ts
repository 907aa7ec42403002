import { execFile } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLanguageModel } from '../../src/language-model/create.ts';
import type { LanguageModel } from '../../src/language-model/port.ts';
import { hold, type Reply, reply, type ScriptedModel, startScriptedModel } from '../support/scripted-model.ts';

let endpoint: ScriptedModel;
let model: LanguageModel;
let controller: AbortController;
const run = promisify(execFile);

// Asks for each text in turn, in a process of its own, and prints the timers that are left.
const ASK_ALL = `
  const { createLanguageModel } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/language-model/create.ts'))});
  const [baseUrl, ...texts] = process.argv.slice(1);
  const ask = (model, content) => {
    const controller = new AbortController();
    const stop = () => content === 'aborted' && controller.abort();
    const request = { messages: [{ role: 'user', content }], tools: [], requestId: 'trn_1' };
    return model.stream(request, stop, controller.signal).catch(() => {});
  };
  const model = createLanguageModel({ baseUrl, offlineTokenDelayMs: 0 });
  for (const text of texts) await ask(model, text);
  await ask(createLanguageModel({ offlineTokenDelayMs: 1 }), 'aborted');
  process.stdout.write(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').join());
`;

const reason = new Error('cancelled by the user');

beforeEach(async () => {
  endpoint = await startScriptedModel();
  model = createLanguageModel({ baseUrl: endpoint.url, offlineTokenDelayMs: 0 });
  controller = new AbortController();
});

afterEach(() => endpoint.close());

function stream(onText: (text: string) => void = () => {}, from: LanguageModel = model) {
  const request = { messages: [{ role: 'user' as const, content: 'Hi' }], tools: [], requestId: 'trn_1' };
  return from.stream(request, onText, controller.signal);
}

describe('aborting', () => {
  it('before the start sends no request', async () => {
    controller.abort(reason);
    await expect(stream()).rejects.toBe(reason);
    expect(endpoint.requests).toEqual([]);
  });

  it('before the status rejects with the reason and closes the connection', async () => {
    endpoint.next(reply.hang());
    const result = stream();
    const request = await endpoint.received('Hi');
    controller.abort(reason);
    await expect(result).rejects.toBe(reason);
    expect(await request.ended).toBe('left');
  });

  it('in the middle of the answer rejects with the reason and closes the connection', async () => {
    endpoint.next(reply.text('One ', hold(), 'two'));
    const pieces: string[] = [];
    const result = stream((text) => {
      pieces.push(text);
      controller.abort(reason);
    });
    await expect(result).rejects.toBe(reason);
    expect(await endpoint.requests[0]?.ended).toBe('left');
    expect(pieces).toEqual(['One ']);
  });

  it('while the words of an error are read rejects with the reason', async () => {
    endpoint.next((call) => call.head(500, { 'content-length': 10 }));
    const result = stream();
    await endpoint.received('Hi');
    controller.abort(reason);
    await expect(result).rejects.toBe(reason);
  });

  it('by whoever is told of the last text still rejects, although the answer is whole', async () => {
    const event = (content: string) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`;
    endpoint.next(reply.raw('text/event-stream', `${event('One ')}${event('two ')}${event('three')}data: [DONE]\n\n`));
    const pieces: string[] = [];
    const result = stream((text) => {
      pieces.push(text);
      controller.abort(reason);
    });
    await expect(result).rejects.toBe(reason);
    expect(pieces).toEqual(['One two three']);
  });

  it('after the end changes nothing', async () => {
    const result = await stream();
    controller.abort(reason);
    expect(result.toolCalls).toEqual([]);
    expect(await endpoint.requests[0]?.ended).toBe('answered');
  });

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a text', 'enough'],
  ])('with %s as the reason rejects with what the signal says', async (_, given) => {
    endpoint.next(reply.hang());
    const result = stream();
    await endpoint.received('Hi');
    controller.abort(given);
    const thrown = await result.then(
      () => 'no error',
      (error: unknown) => error,
    );
    expect(thrown).toBe(controller.signal.reason);
  });

  it('ends the offline model in the middle of its answer', async () => {
    const offline = createLanguageModel({ offlineTokenDelayMs: 1 });
    const pieces: string[] = [];
    const result = stream((text) => {
      pieces.push(text);
      if (pieces.length === 2) controller.abort(reason);
    }, offline);
    await expect(result).rejects.toBe(reason);
    expect(pieces).toHaveLength(2);
  });
});

describe('what is left behind', () => {
  const endings: [string, Reply][] = [
    ['an answer', reply.text('One')],
    ['a refusal', reply.status(401)],
    ['garbage', reply.raw('text/event-stream', 'data: {\n\n')],
    ['a cut', reply.cut('One ')],
    ['an endpoint that stays open', reply.raw('text/event-stream', 'data: {"choices":[]}\n\ndata: [DONE]\n\n', hold())],
  ];

  it.each(endings)('by %s is no listener', async (_, answer) => {
    endpoint.next(answer);
    await stream().catch(() => {});
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('by a timeout is no listener', async () => {
    model = createLanguageModel({ baseUrl: endpoint.url, offlineTokenDelayMs: 0, firstTokenTimeoutMs: 20 });
    endpoint.next(reply.hang());
    await expect(stream()).rejects.toMatchObject({ code: 'MODEL_TIMEOUT' });
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('by many requests under one signal is nothing', async () => {
    await Promise.all(Array.from({ length: 20 }, () => stream()));
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('keeps no process from ending', async () => {
    for (const [name, answer] of endings) endpoint.when(name, answer);
    endpoint.when('aborted', reply.text('One ', hold()));
    const texts = [...endings.map(([name]) => name), 'aborted'];
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', ASK_ALL, endpoint.url, ...texts]);
    expect(stdout).toBe('');
    expect(texts.map((text) => endpoint.calls(text))).toEqual(texts.map(() => 1));
  });
});
