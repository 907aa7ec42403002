import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DocumentedPrograms, documentedPrograms } from '../support/documented-programs.ts';
import { API_KEY, peopleAt, queryAt, type ServerProcess, startServer } from '../support/server-process.ts';

/** Where a program is not installed, its tests are skipped and say so. */
const without = (program: string) =>
  spawnSync(program, ['--version']).status === 0 ? null : `skipped, ${program} is not installed`;
const NO_CURL = without('curl');
const NO_PYTHON = without('python3');

let server: ServerProcess;
let programs: DocumentedPrograms;
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'milepost-clients-'));
  server = await startServer({ MILEPOST_DATA_DIR: dataDir, OFFLINE_TOKEN_DELAY_MS: '0' });
  programs = documentedPrograms('docs/clients.md');
});
afterAll(async () => {
  programs?.remove();
  await server?.terminate();
  await rm(dataDir, { recursive: true });
});

const run = (...command: string[]) => programs.run(command, { MILEPOST: server.origin, KEY: API_KEY });

/** What was said last in the demo's conversation, and how often anything was. */
async function said(): Promise<{ texts: string[]; reply: string }> {
  const { identity } = await queryAt(
    server.origin,
    `{ identity(by: { externalId: "demo" }) { conversations(first: 1) { edges { node {
      messages(last: 100) { edges { node { role text } } } } } } } }`,
  );
  const messages = identity.conversations.edges[0]?.node.messages.edges ?? [];
  const texts = messages.map(({ node }: { node: { text: string } }) => node.text);
  return { texts, reply: texts.at(-1) ?? '' };
}

/** Runs a program that says something and shows the reply. */
async function shownBy(...command: string[]): Promise<void> {
  const before = (await said()).texts.length;
  const output = await run(...command);
  const { texts, reply } = await said();
  expect(texts.length).toBe(before + 2);
  expect(reply.length).toBeGreaterThan(10);
  expect(output.trim()).toBe(reply.trim());
}

describe('the clients of the documents', () => {
  it('are all tried here', () => {
    expect(programs.names).toEqual([
      ...['curl.sh', 'graphql-ws.mjs', 'urql.mjs', 'apollo.mjs', 'paging.mjs', 'access-token.mjs'],
      ...['event-source.mjs', 'chat.py'],
    ]);
  });

  it('stream over a WebSocket with graphql-ws', () => shownBy('node', 'graphql-ws.mjs'));
  it('stream with urql', () => shownBy('node', 'urql.mjs'));
  it('stream with Apollo Client', () => shownBy('node', 'apollo.mjs'));
  it('stream over EventSource with an access token', () =>
    shownBy('node', '--experimental-eventsource', 'event-source.mjs'));

  it('read a list page by page', async () => {
    const people = await peopleAt(server.origin, 4);
    const lines = (await run('node', 'paging.mjs')).trim().split('\n');
    const listed = lines.map((line) => line.split(' ')[0]);
    expect(listed.slice(-people.length)).toEqual(people);
    expect(new Set(listed).size).toBe(listed.length);
    expect(listed.filter((name) => name === 'demo').length).toBe(1);
  });

  it.skipIf(NO_CURL)(`ask and stream with curl${NO_CURL ? `: ${NO_CURL}` : ''}`, async () => {
    const [json = '', ...stream] = (await run('sh', 'curl.sh')).split('\n');
    const [answer, first = ''] = json.split(/(?<=\})(?=id: )/);
    expect(JSON.parse(answer ?? '').data.text.length).toBeGreaterThan(10);
    const events = [first, ...stream].filter((line) => line.startsWith('data: '));
    expect(JSON.parse(events.at(-1)?.slice(6) ?? '')).toEqual({ type: 'complete', content: (await said()).reply });
  });

  it.skipIf(NO_PYTHON)(`stream with Python${NO_PYTHON ? `: ${NO_PYTHON}` : ''}`, () => shownBy('python3', 'chat.py'));
});
