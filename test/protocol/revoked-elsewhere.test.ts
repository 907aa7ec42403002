import { afterAll, beforeAll, expect, it } from 'vitest';
import { type OpenConnections, openConnections } from '../support/connections.ts';
import { createTestDatabase } from '../support/database.ts';
import { asUrl } from '../support/server.ts';
import { queryAt, type ServerProcess, sendAt, startServer } from '../support/server-process.ts';

const servers: ServerProcess[] = [];
let here: string;
let elsewhere: string;
let drop: () => Promise<void>;
let key: { secret: string; apiKey: { id: string } };
let connections: OpenConnections;

beforeAll(async () => {
  const database = await createTestDatabase();
  drop = database.drop;
  // Its replies take for ever, so that their streams stay open.
  const environment = {
    DATABASE_URL: asUrl(database.location),
    MILEPOST_SECRET: 'a secret for tests, of more than 32 characters',
    OFFLINE_TOKEN_DELAY_MS: '10000',
  };
  for (let count = 0; count < 2; count += 1) servers.push(await startServer(environment));
  [here = '', elsewhere = ''] = servers.map(({ origin }) => origin);
  const { createApiKey } = await queryAt(
    here,
    'mutation { createApiKey(input: { name: "Shared", permissions: [READ] }) { ... on CreateApiKeyPayload { secret apiKey { id } } } }',
  );
  key = createApiKey;
  const { turn } = await sendAt(elsewhere, 'demo', 'Hello');
  const { turn: running } = await queryAt(elsewhere, 'query ($id: ID!) { turn(id: $id) { conversation { id } } }', {
    id: turn.id,
  });
  connections = await openConnections(elsewhere, key.secret, {
    turnId: turn.id,
    conversationId: running.conversation.id,
  });
});

afterAll(async () => {
  await connections?.close();
  for (const server of servers) await server.kill();
  await drop?.();
});

const asks = async (origin: string) =>
  (await fetch(`${origin}/stages`, { headers: { authorization: `Bearer ${key.secret}` } })).status;

// As long as the promise holds, and not much longer.
it('refuses a key that another process has revoked, and closes what it has opened, within five seconds', async () => {
  expect([await asks(here), await asks(elsewhere)]).toEqual([200, 200]);
  await queryAt(here, 'mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { __typename } }', { id: key.apiKey.id });
  expect(await asks(here)).toBe(401);
  while ((await asks(elsewhere)) !== 401);
  const reason = '4403 The API key has been revoked.';
  expect(await connections.ends).toEqual({ socket: reason, rest: 'cut off', graphql: 'cut off' });
}, 6000);
