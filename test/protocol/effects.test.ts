import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { asUrl, inSession } from '../support/server.ts';
import { peopleAt, queryAt, type ServerProcess, startServer } from '../support/server-process.ts';
import { isAuthentic, startReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

const secret = `whsec_${randomBytes(32).toString('base64')}`;
const PATIENCE = { timeout: 25_000, interval: 50 };

let database: TestDatabase;
let receiver: WebhookReceiver;
let environment: Record<string, string>;
const running = new Set<ServerProcess>();

beforeAll(async () => {
  [database, receiver] = await Promise.all([createTestDatabase(), startReceiver()]);
  const MILEPOST_SECRET = 'a secret for tests, of more than 32 characters';
  environment = { DATABASE_URL: asUrl(database.location), MILEPOST_SECRET, WEBHOOK_ALLOW_PRIVATE: '1' };
});
afterEach(async () => {
  await Promise.all([...running].map((server) => server.terminate()));
  running.clear();
});
afterAll(async () => {
  await receiver.close();
  await database.drop();
});

async function start(more: Record<string, string> = {}): Promise<ServerProcess> {
  const server = await startServer({ ...environment, ...more });
  running.add(server);
  return server;
}

/** A stage that tells the receiver and moves on after so many seconds. */
async function createStage(origin: string, name: string, seconds: number): Promise<void> {
  const effects = [
    { webhook: { url: `${receiver.url}/${name}`, secret } },
    { moveAfter: { seconds, stage: { key: 'considering' } } },
  ];
  const { createStage } = await queryAt(
    origin,
    'mutation ($input: CreateStageInput!) { createStage(input: $input) { __typename } }',
    { input: { name, effects } },
  );
  expect(createStage.__typename).toBe('CreateStagePayload');
}

const assign = (origin: string, externalId: string, key: string) =>
  queryAt(origin, 'mutation ($input: AssignStageInput!) { assignStage(input: $input) { __typename } }', {
    input: { identity: { externalId }, stage: { key } },
  });

/** The moves of an identity, by cause and stage. */
async function movesOf(origin: string, externalId: string): Promise<string[]> {
  const { identity } = await queryAt(
    origin,
    'query ($by: IdentityReference!) { identity(by: $by) { transitions { edges { node { cause toStage { key } } } } } }',
    { by: { externalId } },
  );
  return identity.transitions.edges.map(
    ({ node }: { node: { cause: string; toStage: { key: string } } }) => `${node.cause} ${node.toStage.key}`,
  );
}

/** Waits until there is nothing left to do: what would have happened twice has happened. */
const allDone = () =>
  vi.waitFor(
    () =>
      inSession(database.location, async (client) => {
        const { rows } = await client.query(
          "SELECT id FROM graphile_worker.jobs WHERE run_at < now() + interval '1 minute'",
        );
        expect(rows).toEqual([]);
      }),
    PATIENCE,
  );

describe('the effects of a stage', { timeout: 60_000 }, () => {
  it('happen once each when the server is killed before they are due, or in the middle', async () => {
    const dying = await start();
    const [person] = (await peopleAt(dying.origin, 1)) as [string];
    await createStage(dying.origin, 'lasting', 3);
    // The first delivery is never answered: the server is killed while it waits.
    receiver.answer((response) => receiver.deliveries.length > 1 && response.writeHead(204).end());
    await assign(dying.origin, person, 'lasting');
    const first = await receiver.next();
    await dying.kill();
    running.delete(dying);
    expect(receiver.deliveries).toHaveLength(1);

    const { origin } = await start();
    const second = await receiver.next();
    expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
    expect(isAuthentic(second, secret)).toBe(true);
    await allDone();
    expect(receiver.deliveries).toHaveLength(2);
    expect(await movesOf(origin, person)).toEqual(['API lasting', 'RULE considering']);
  });

  it('are left to another server by one that stops in the middle', async () => {
    const stopping = await start({ SHUTDOWN_GRACE_MS: '200' });
    const [person] = (await peopleAt(stopping.origin, 1)) as [string];
    await createStage(stopping.origin, 'handed-over', 3600);
    receiver.deliveries.length = 0;
    receiver.answer((response) => receiver.deliveries.length > 1 && response.writeHead(204).end());
    await assign(stopping.origin, person, 'handed-over');
    const first = await receiver.next();
    expect(await stopping.terminate()).toBe(0);
    running.delete(stopping);
    const { origin } = await start();
    expect((await receiver.next()).headers['webhook-id']).toBe(first.headers['webhook-id']);
    await assign(origin, person, 'considering');
  });

  it('happen once each when several servers could do it', async () => {
    const [one, other] = await Promise.all([start(), start()]);
    const people = await peopleAt(one.origin, 20);
    await createStage(other.origin, 'shared', 1);
    receiver.deliveries.length = 0;
    receiver.answer((response) => response.writeHead(204).end());
    await Promise.all(people.map((person, nth) => assign(nth % 2 ? one.origin : other.origin, person, 'shared')));
    await vi.waitFor(() => expect(receiver.deliveries.length).toBeGreaterThanOrEqual(people.length), PATIENCE);
    await allDone();
    expect(new Set(receiver.deliveries.map(({ headers }) => headers['webhook-id'])).size).toBe(people.length);
    expect(receiver.deliveries).toHaveLength(people.length);
    for (const person of people)
      expect((await movesOf(one.origin, person)).slice(-2)).toEqual(['API shared', 'RULE considering']);
  });
});
