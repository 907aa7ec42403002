import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EventSource } from 'eventsource';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Caller, startTestApp, type TestApp } from '../support/app.ts';
import * as documented from '../support/documented-examples.ts';
import { reply } from '../support/scripted-model.ts';

const hasCurl = spawnSync('curl', ['--version']).status === 0;
const EXAMPLES = `the examples of the older documentation${hasCurl ? '' : ': skipped, there is no curl'}`;

let app: TestApp;
/** Where curl finds its configuration: it is to tell the status too, and the command is to stay as it is printed. */
let curlHome: string;

beforeAll(async () => {
  app = await startTestApp();
  curlHome = await mkdtemp(join(tmpdir(), 'milepost-curl-'));
  await writeFile(join(curlHome, '.curlrc'), 'silent\nwrite-out = "%{stderr}%{http_code} %{content_type}"\n');
});
afterAll(() => rm(curlHome, { recursive: true }));

/** An example as it is printed, with our host and key. */
async function here(example: string, { credential }: Caller): Promise<string> {
  return example
    .replaceAll(documented.DOCUMENTED_ORIGIN, await app.origin())
    .replaceAll(documented.DOCUMENTED_KEY, credential);
}

/** Runs a command line as a reader of the documentation would. */
async function inShell(example: string, caller: Caller) {
  const env = { ...process.env, CURL_HOME: curlHome, NO_PROXY: '*' };
  const { stdout, stderr } = await promisify(execFile)('sh', ['-c', await here(example, caller)], { env });
  const [status, contentType] = stderr.split(' ');
  return { status: Number(status), contentType, text: stdout };
}

async function asJson(example: string, caller: Caller) {
  const { status, text } = await inShell(example, caller);
  return { status, body: JSON.parse(text) };
}

/** A workspace with what the conversation examples take for granted. */
async function withIdentityAndChannel(): Promise<Caller> {
  const caller = await app.stranger();
  const worker = (await caller.rest('POST', '/workers', { name: 'Worker' })).body.data.id;
  await caller.rest('POST', `/workers/${worker}/assistants`, {
    name: 'Assistant',
    instructions: documented.INSTRUCTIONS,
  });
  await caller.rest('POST', '/channels', { name: 'Web chat', key: 'channel456' });
  await caller.rest('POST', `/channels/channel456/worker/${worker}`);
  await caller.rest('PUT', '/identity/identity123', { name: 'Ada' });
  return caller;
}

describe.skipIf(!hasCurl)(EXAMPLES, () => {
  it('create a stage', async () => {
    const { status, body } = await asJson(documented.CREATE_STAGE, await app.stranger());
    expect(status).toBe(201);
    expect(body).toEqual({
      message: expect.any(String),
      data: expect.objectContaining({
        key: 'onboarding_complete',
        name: 'onboarding_complete',
        description: 'User has completed onboarding',
        metadata: { requires_action: false, next_stage: 'active_user' },
      }),
    });
  });

  it('list the stages', async () => {
    const caller = await app.stranger();
    await asJson(documented.CREATE_STAGE, caller);
    const { status, body } = await asJson(documented.LIST_STAGES, caller);
    expect(status).toBe(200);
    expect(body).toEqual({
      message: expect.any(String),
      data: [expect.objectContaining({ name: 'onboarding_complete' })],
    });
  });

  it('get a stage by its name', async () => {
    const caller = await app.stranger();
    const { body: created } = await asJson(documented.CREATE_STAGE, caller);
    const { status, body } = await asJson(documented.GET_STAGE, caller);
    expect(status).toBe(200);
    expect(body).toEqual({ message: expect.any(String), data: created.data });
  });

  it('update a stage by its name, which still finds it afterwards', async () => {
    const caller = await app.stranger();
    await asJson(documented.CREATE_STAGE, caller);
    const { status, body } = await asJson(documented.UPDATE_STAGE, caller);
    expect(status).toBe(200);
    expect(body.data).toMatchObject({
      name: 'Onboarding Complete',
      description: 'User has completed the onboarding process',
    });
    expect((await asJson(documented.GET_STAGE, caller)).body.data).toEqual(body.data);
  });

  it('send a message and get the whole reply', async () => {
    const caller = await withIdentityAndChannel();
    const { status, body } = await asJson(documented.SEND_MESSAGE, caller);
    expect(status).toBe(200);
    expect(body).toEqual({
      message: expect.any(String),
      data: expect.objectContaining({ text: 'Echo: Hello, I need help with my order' }),
    });
  });

  it('stream a reply with curl', async () => {
    const { status, contentType, text } = await inShell(documented.STREAM_WITH_CURL, await withIdentityAndChannel());
    expect(status).toBe(200);
    expect(contentType).toBe('text/event-stream;');
    const data = text.split('\n').filter((line) => line.startsWith('data: '));
    expect(data.at(-1)).toBe('data: {"type":"complete","content":"Echo: Hello"}');
    expect(data.length).toBeGreaterThan(1);
    expect(data.slice(0, -1).every((line) => line.startsWith('data: {"type":"token","content":"'))).toBe(true);
  });
});

describe('the streaming example in JavaScript', () => {
  /** The `eventsource` package takes headers by its `fetch`; the example names them directly. */
  class EventSourceWithHeaders extends EventSource {
    constructor(url: string, { headers }: { headers: Record<string, string> }) {
      super(url, { fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...headers } }) });
    }
  }

  /** Runs the example as it is printed, until it says how the stream ended. */
  async function run(caller: Caller) {
    const appended: string[] = [];
    const code = await here(documented.STREAM_IN_JAVASCRIPT, caller);
    const said = await new Promise<unknown[]>((resolve) => {
      const write = (...words: unknown[]) => resolve(words);
      const example = new Function('EventSource', 'appendToChat', 'console', code);
      example(EventSourceWithHeaders, (text: string) => appended.push(text), { log: write, error: write });
    });
    return { appended, said };
  }

  it('appends the tokens and ends with the whole reply', async () => {
    const { appended, said } = await run(await withIdentityAndChannel());
    expect(said).toEqual(['Complete:', 'Echo: Tell me about your products']);
    expect(appended.join('')).toBe('Echo: Tell me about your products');
  });

  it('ends with the error when the model fails', async () => {
    app.model.when('Tell me about your products', reply.status(401));
    const { said } = await run(await withIdentityAndChannel());
    expect(said).toEqual(['Error:', expect.stringContaining('refused the API key')]);
  });
});

describe('the instructions example', () => {
  const systemMessage = async (stage: string): Promise<string | null | undefined> => {
    const caller = await withIdentityAndChannel();
    await caller.rest('POST', '/stages', { name: stage });
    await caller.rest('POST', '/identity/identity123/stage', { stage_id: stage });
    await caller.rest('POST', '/conversation/identity123/chat/channel456', { text: `In ${stage}` });
    return (await app.model.received(`In ${stage}`)).body.messages[0]?.content;
  };

  it('welcomes those who are in the stage it names', async () => {
    const instructions = await systemMessage('onboarding');
    expect(instructions).toContain('The user is currently in the onboarding stage.');
    expect(instructions).toContain('Focus on welcoming them and explaining key features.');
  });

  it('does not welcome others', async () => {
    expect(await systemMessage('browsing')).not.toContain('Focus on welcoming them');
  });
});
