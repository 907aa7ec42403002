import { type Logger, pino } from 'pino';
import { afterAll } from 'vitest';
import { type App, createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { type Database, openDatabase } from '../../src/database/client.ts';
import type { DatabaseLocation } from '../../src/database/location.ts';
import { newId } from '../../src/ids.ts';
import { createLanguageModel } from '../../src/language-model/create.ts';
import { NO_TELEMETRY, type Telemetry } from '../../src/telemetry/telemetry.ts';
import { newApiKeySecret, saveApiKey } from '../../src/workspaces/api-keys.ts';
import { createTestDatabase } from './database.ts';
import { type ScriptedModel, startScriptedModel } from './scripted-model.ts';

/** Long enough for any test, and the same in every app of a run, as one server's would be after a restart. */
export const SECRET = 'a secret for tests, of more than 32 characters';

// biome-ignore lint/suspicious/noExplicitAny: answers are read by tests, which know their shape
type Answer = any;

/** Somebody who holds a credential. */
export interface Caller {
  credential: string;
  workspaceId: string;
  /** Runs a GraphQL document and returns its `data`; fails on errors. */
  query(document: string, variables?: object): Promise<Answer>;
  /** The same, with `errors` and the HTTP status. */
  execute(
    document: string,
    variables?: object,
  ): Promise<{ status: number; data: Answer; errors: Answer[] | undefined }>;
  /** Calls a REST route. */
  rest(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; headers: Headers; body: Answer }>;
}

export interface TestApp extends Caller {
  app: App;
  /** The key behind the credential. */
  apiKeyId: string;
  database: Database;
  model: ScriptedModel;
  /** The origin it listens at; begins to listen on the first call. */
  origin(): Promise<string>;
  /** Another caller: of a new workspace, with some permissions in this one, or with any credential. */
  stranger(): Promise<Caller>;
  withPermissions(...permissions: ('READ' | 'WRITE')[]): Promise<Caller>;
  withCredential(credential: string): Caller;
  /** The same caller at another server of the same database, which has seen none of the turns so far. */
  elsewhere(): Caller;
}

export interface TestAppOptions {
  /** Variables of the environment. */
  environment?: Record<string, string>;
  log?: Logger;
  telemetry?: Telemetry;
  /** Where the app is told to reach its database. */
  reach?(location: DatabaseLocation): Promise<DatabaseLocation>;
}

/** An app with a database of its own, the scripted model and a key that may do everything. Closed after the file. */
export async function startTestApp({ environment = {}, reach, ...options }: TestAppOptions = {}): Promise<TestApp> {
  const { location: own, drop } = await createTestDatabase();
  const location = reach ? await reach(own) : own;
  const model = await startScriptedModel();
  const config = readConfig({
    PORT: '0',
    OPENAI_BASE_URL: model.url,
    OPENAI_MODEL: 'scripted',
    SHUTDOWN_GRACE_MS: '1000',
    ...environment,
  });
  const database = openDatabase({ location, maxConnections: 10, onConnectionLost: () => {} });
  const { log = pino({ level: process.env.LOG_LEVEL ?? 'silent' }), telemetry = NO_TELEMETRY } = options;
  const newApp = () =>
    createApp({ config, database, model: createLanguageModel(config.model), secret: SECRET, log, telemetry });
  const app = newApp();
  const apps = [app];
  let listening: Promise<string> | undefined;
  afterAll(async () => {
    await Promise.all(apps.map((each) => each.dispose()));
    await model.close();
    await database.close();
    await drop();
  });
  const caller = (workspaceId: string, credential: string) => callerOf(app, workspaceId, credential);
  const newCaller = async (workspaceId: string, permissions: ('READ' | 'WRITE')[]) => {
    const key = { workspaceId, name: 'Test key', permissions, secret: newApiKeySecret() };
    const { apiKey, secret } = await saveApiKey(database.db, key);
    return { ...caller(workspaceId, secret), apiKeyId: apiKey.id };
  };
  const newWorkspace = async () =>
    (await database.db.workspace.create({ data: { id: newId('Workspace'), name: 'Test' } })).id;
  const workspaceId = await newWorkspace();
  const owner = await newCaller(workspaceId, ['READ', 'WRITE']);
  return {
    ...owner,
    app,
    database,
    model,
    origin: () => {
      listening ??= app.listen().then(({ port }) => `http://127.0.0.1:${port}`);
      return listening;
    },
    stranger: async () => newCaller(await newWorkspace(), ['READ', 'WRITE']),
    withPermissions: (...permissions) => newCaller(workspaceId, permissions),
    withCredential: (credential) => caller(workspaceId, credential),
    elsewhere: () => {
      const other = newApp();
      apps.push(other);
      return callerOf(other, workspaceId, owner.credential);
    },
  };
}

function callerOf(app: App, workspaceId: string, credential: string): Caller {
  const send = (method: string, path: string, body: unknown, headers: Record<string, string>) => {
    const init: RequestInit = { method, headers: { authorization: `Bearer ${credential}`, ...headers } };
    if (body !== undefined) {
      init.body = typeof body === 'string' ? body : JSON.stringify(body);
      init.headers = { 'content-type': 'application/json', ...init.headers };
    }
    return app.fetch(new Request(`http://milepost.test${path}`, init));
  };
  const execute: Caller['execute'] = async (document, variables = {}) => {
    const response = await send('POST', '/graphql', { query: document, variables }, {});
    return { status: response.status, ...((await response.json()) as { data: Answer; errors: Answer[] | undefined }) };
  };
  return {
    credential,
    workspaceId,
    execute,
    async query(document, variables) {
      const { data, errors } = await execute(document, variables);
      if (errors) throw new Error(JSON.stringify(errors));
      return data;
    },
    async rest(method, path, body, headers = {}) {
      const response = await send(method, path, body, headers);
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
    },
  };
}
