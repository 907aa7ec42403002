import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
export const API_KEY = 'a-key-for-tests-of-whole-servers';

/** A whole server in a process of its own. */
export interface ServerProcess {
  process: ChildProcess;
  origin: string;
  /** Where its metrics are, if it serves any. */
  metricsUrl(): string;
  /** All it has written so far, on both of its outputs. */
  output(): string;
  /** How long it took until it was ready, in milliseconds. */
  startedInMs: number;
  /** Ends it at once, as the system does when memory runs out. */
  kill(): Promise<void>;
  /** Asks it to stop. Resolves to its exit code. */
  terminate(): Promise<number | null>;
}

// A test that fails may not come to ending its server.
const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** Starts `node src/main.ts`; resolves once it serves. Fails with its error output when it ends before. */
export async function startServer(
  environment: Record<string, string>,
  { execArgv = [] as string[] } = {},
): Promise<ServerProcess> {
  const begun = performance.now();
  const child = spawn(process.execPath, [...execArgv, MAIN], {
    env: { PATH: process.env.PATH, PORT: '0', MILEPOST_API_KEY: API_KEY, LOG_LEVEL: 'fatal', ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let errors = '';
  let output = '';
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
    output += chunk;
  });
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const origin = await Promise.race([originOf(child), exited.then(() => Promise.reject(new Error(errors)))]);
  return {
    process: child,
    origin,
    metricsUrl: () => /^ {2}Metrics +(http\S+)$/m.exec(output)?.[1] ?? '',
    output: () => output,
    startedInMs: performance.now() - begun,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    terminate() {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

function originOf({ stdout }: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    if (!stdout) return;
    createInterface({ input: stdout }).on('line', (line) => {
      const origin = /^ {2}REST +(http\S+)$/.exec(line)?.[1];
      if (origin) resolve(origin);
    });
  });
}

// biome-ignore lint/suspicious/noExplicitAny: answers are read by tests, which know their shape
type Answer = any;

/** Runs a GraphQL document at a server and returns its `data`; fails on errors. */
export async function queryAt(origin: string, query: string, variables: object = {}): Promise<Answer> {
  const headers = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' };
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as Answer;
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

const SEND = `mutation ($input: SendMessageInput!) {
  sendMessage(input: $input) {
    ... on SendMessagePayload { cursor turn { id } message { id } }
    ... on UserError { code error: message }
  }
}`;

/** Says something as this identity on the demo's channel. */
export async function sendAt(origin: string, externalId: string, text: string, more: object = {}): Promise<Answer> {
  const input = { identity: { externalId }, channel: { key: 'web' }, text, ...more };
  return (await queryAt(origin, SEND, { input })).sendMessage;
}

/** Asks a turn to stop; how it stands then. */
export async function cancelAt(origin: string, turnId: string): Promise<Answer> {
  const { cancelTurn } = await queryAt(
    origin,
    'mutation ($id: ID!) { cancelTurn(input: { turnId: $id }) { ... on CancelTurnPayload { turn { status } } } }',
    { id: turnId },
  );
  return cancelTurn.turn;
}

/** How turns stand. */
export async function turnsAt(origin: string, ids: string[]): Promise<Answer[]> {
  const { nodes } = await queryAt(
    origin,
    'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Turn { id status error { code } message { text } reply { text } } } }',
    { ids },
  );
  return nodes;
}

/** New identities to talk as. */
export async function peopleAt(origin: string, count: number): Promise<string[]> {
  const people = Array.from({ length: count }, (_, index) => `person-${index}`);
  for (const externalId of people) {
    await queryAt(
      origin,
      'mutation ($id: String!) { upsertIdentity(input: { identity: { externalId: $id } }) { __typename } }',
      { id: externalId },
    );
  }
  return people;
}
