import { beforeAll, describe, expect, it } from 'vitest';
import { type Caller, startTestApp } from '../support/app.ts';
import {
  type DocumentedApi,
  type DocumentedOperation,
  documentedApi,
  withoutNames,
} from '../support/documented-answers.ts';
import { mutate } from '../support/mutate.ts';
import { hold, reply } from '../support/scripted-model.ts';

const app = await startTestApp();
const api: DocumentedApi = await documentedApi(app);
const TEXT = 'Where is my order?';

/** What stands in a path of an example for what only the server names. */
type Own = Record<'worker_id' | 'assistant_id' | 'turn_id', string>;
interface World extends Own {
  caller: Caller;
}

beforeAll(() => {
  app.model.otherwise(reply.withUsage({ inputTokens: 10, outputTokens: 3 }, 'It left our warehouse', ' this morning.'));
});

function operation(id: string): DocumentedOperation {
  const found = api.operations.find((one) => one.id === id);
  if (!found) throw new Error(`There is no operation ${id}.`);
  return found;
}

const bodyOf = ({ told }: DocumentedOperation) => told.requestBody?.content['application/json'].example;
const exampleOf = ({ told }: DocumentedOperation, status: number) =>
  told.responses[status].content['application/json']?.example?.data;

/** Calls an operation with the values of its examples. */
async function call(one: DocumentedOperation, { caller, ...own }: World, headers: Record<string, string> = {}) {
  return caller.rest(one.method, addressOf(one, own), bodyOf(one), headers);
}

function addressOf({ path, told }: DocumentedOperation, own: Partial<Own>): string {
  const parameters: { name: string; in: string; schema: { example?: string } }[] = told.parameters ?? [];
  const exampleFor = (name: string) =>
    own[name as keyof Own] ?? parameters.find((parameter) => parameter.name === name)?.schema.example ?? '';
  const query = parameters.filter((parameter) => parameter.in === 'query' && parameter.schema.example !== undefined);
  const search = new URLSearchParams(query.map(({ name }) => [name, exampleFor(name)]));
  return `${path.replaceAll(/\{(\w+)\}/g, (_, name: string) => exampleFor(name))}?${search}`;
}

/** A workspace that is as the examples take it to be; all of it is made by their own bodies. */
async function prepareWorld({ talked = 0 } = {}): Promise<World> {
  const caller = await app.stranger();
  const make = async (method: string, path: string, body?: object) => (await caller.rest(method, path, body)).body.data;
  const worker = await make('POST', '/workers', bodyOf(operation('createWorker')));
  const assistant = await make('POST', `/workers/${worker.id}/assistants`, bodyOf(operation('createAssistant')));
  await make('POST', '/channels', { name: 'Web chat', key: 'web' });
  await make('POST', `/channels/web/worker/${worker.id}`);
  const stage = exampleOf(operation('getStage'), 200);
  await make('POST', '/stages', { name: stage.name, description: stage.description, metadata: stage.metadata });
  await make('POST', '/stages', { name: 'Considering' });
  await make('PUT', '/identity/ada', bodyOf(operation('upsertIdentity')));
  await make('POST', '/identity/ada/stage', { stage_id: 'onboarding' });
  const [memory] = exampleOf(operation('listMemory'), 200);
  const remembered = { key: memory.key, value: memory.value, ...memory.metadata };
  await mutate(caller, 'remember', { identity: { externalId: 'ada' }, ...remembered });
  let turn = { turn_id: '' };
  for (let count = 0; count < talked; count += 1)
    turn = await make('POST', '/conversation/ada/chat/web', { text: TEXT });
  return { caller, worker_id: worker.id, assistant_id: assistant.id, turn_id: turn.turn_id };
}

/** Operations whose examples need more than the world. */
const PREPARED: Record<string, () => Promise<World>> = {
  'deleteIdentity 200': () => prepareWorld({ talked: 2 }),
  'upsertIdentity 201': async () => {
    const world = await prepareWorld();
    await world.caller.rest('DELETE', '/identity/ada');
    return world;
  },
  'cancelTurn 200': async () => {
    const world = await prepareWorld();
    app.model.when('Wait', reply.hang());
    const input = { identity: { externalId: 'ada' }, channel: { key: 'web' }, text: 'Wait' };
    await mutate(world.caller, 'sendMessage', input, 'turn { id }');
    // It waits for the first one.
    const { turn } = await mutate(world.caller, 'sendMessage', input, 'turn { id }');
    return { ...world, turn_id: turn.id };
  },
};

const examples = api.operations.flatMap((one) =>
  Object.entries<{ content?: object }>(one.told.responses)
    .filter(([status, { content }]) => status < '300' && content && 'application/json' in content)
    .map(([status]) => ({ id: one.id, status: Number(status), one })),
);

describe('the examples of the OpenAPI document', () => {
  it.each(examples)('are true of $id ($status)', async ({ id, status, one }) => {
    const world = await (PREPARED[`${id} ${status}`] ?? prepareWorld)();
    const { status: actual, headers, body } = await call(one, world);
    expect(actual).toBe(status);
    expect(api.faultsOfAnswer(one, status, headers.get('content-type') ?? '', body)).toEqual([]);
    const shown = exampleOf(one, status);
    if (shown === undefined) return expect(body.data).toBeUndefined();
    // Of a list the example shows the first.
    expect(withoutNames(Array.isArray(shown) ? body.data.slice(0, 1) : body.data)).toEqual(withoutNames(shown));
  });

  it('are true of the problem', async () => {
    const { body } = await app.rest('GET', '/stages/nowhere');
    expect(body).toEqual(api.document.components.schemas.Problem.examples[0]);
  });
});

describe('the streams of the OpenAPI document', () => {
  const streamOf = ({ told }: DocumentedOperation): string =>
    told.responses[200].content['text/event-stream'].examples.reply.value;

  /** The stream as the document writes it: its cursors are called c1, c2 and so on. */
  async function read(one: DocumentedOperation, { caller, ...own }: World, release = () => {}) {
    const address = `http://milepost.test${addressOf(one, own)}`;
    const headers = { authorization: `Bearer ${caller.credential}` };
    const response = await app.app.fetch(new Request(address, { headers }));
    let text = '';
    for await (const piece of response.body ?? []) {
      text += new TextDecoder().decode(piece);
      if (text.includes('token')) release();
    }
    const cursors = Array.from(text.matchAll(/^id: (.*)$/gm), ([, cursor = '']) => cursor);
    const named = text.replaceAll(/^id: .*$/gm, () => 'id: c');
    return { headers: response.headers, text: named, cursors };
  }

  it('go as the example shows', async () => {
    const waiting = hold();
    app.model.when(TEXT, reply.text('It left our warehouse', waiting, ' this morning.'));
    const { headers, text } = await read(operation('streamReply'), await prepareWorld(), waiting.release);
    expect(text).toBe(streamOf(operation('streamReply')).replaceAll(/^id: c\d$/gm, 'id: c'));
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(headers.get('content-location')).toMatch(/^\/turns\/trn_\w+\/events$/);
  });

  it('hold events of the documented form, also long after', async () => {
    const { text } = await read(operation('followTurn'), await prepareWorld({ talked: 1 }));
    const events = Array.from(text.matchAll(/^data: (.*)$/gm), ([, data = '']) => JSON.parse(data));
    expect(events.flatMap((event) => api.faultsOf(event, ['components', 'schemas', 'StreamEvent']))).toEqual([]);
    expect(events.at(-1)).toEqual({ type: 'complete', content: 'It left our warehouse this morning.' });
  });

  it('are answered 204 behind their last event', async () => {
    const world = await prepareWorld({ talked: 1 });
    const { cursors } = await read(operation('followTurn'), world);
    const { status } = await call(operation('followTurn'), world, { 'last-event-id': cursors.at(-1) ?? '' });
    expect(status).toBe(204);
    expect(Object.keys(operation('followTurn').told.responses)).toContain('204');
  });
});
