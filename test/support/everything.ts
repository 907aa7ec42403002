import type { DatabaseLocation } from '../../src/database/location.ts';
import { asUrl, inSession } from './server.ts';
import { queryAt, sendAt, startServer, turnsAt } from './server-process.ts';

/** What people write that could be mistaken for something else on its way. */
const AWKWARD = [
  '\\.',
  'a\tb\nc\r\nd',
  '\\N',
  'back\\slash',
  '"quoted", \'too\'',
  'ümlaut 🚂 \u2028',
  '{"json": null}',
  '',
];

/** Puts something into every table of an empty database, through a server as far as it goes. The identity `waiting` has a timer. */
export async function prepareEverything(location: DatabaseLocation): Promise<void> {
  const MILEPOST_SECRET = 'a secret for tests, of more than 32 characters';
  const server = await startServer({ DATABASE_URL: asUrl(location), MILEPOST_SECRET, OFFLINE_TOKEN_DELAY_MS: '0' });
  const { origin } = server;
  for (const text of AWKWARD.filter((text) => text !== '')) {
    const { turn } = await sendAt(origin, 'demo', text);
    while ((await turnsAt(origin, [turn.id]))[0].status !== 'COMPLETED');
  }
  await queryAt(
    origin,
    `mutation ($values: JSON!) {
      remember(input: { identity: { externalId: "demo" }, key: "awkward", value: $values }) { __typename }
      createStage(input: { name: "Patience", effects: [{ moveAfter: { seconds: 3600, stage: { key: "needs_help" } } }] }) { __typename }
      upsertIdentity(input: { identity: { externalId: "waiting" } }) { __typename }
      assignStage(input: { identity: { externalId: "waiting" }, stage: { key: "patience" } }) { __typename }
    }`,
    { values: AWKWARD },
  );
  await server.terminate();
  // Of the queue's own, what no feature uses.
  await inSession(location, async (client) => {
    await client.query("INSERT INTO graphile_worker._private_job_queues (queue_name) VALUES ('a queue')");
    await client.query(
      "INSERT INTO graphile_worker._private_known_crontabs (identifier, known_since) VALUES ('a', now())",
    );
  });
}

/** Every table with how many rows it has and a digest of them all. */
export function contentsOf(location: DatabaseLocation): Promise<Record<string, { rows: number; digest: string }>> {
  return inSession(location, async (client) => {
    const { rows: tables } = await client.query<{ name: string }>(`
      SELECT oid::regclass::text AS name FROM pg_class
      WHERE relkind = 'r' AND relname NOT IN ('_prisma_migrations', 'migrations')
        AND relnamespace::regnamespace::text IN ('public', 'graphile_worker') ORDER BY 1`);
    const contents: Record<string, { rows: number; digest: string }> = {};
    for (const { name } of tables) {
      // The number of a transaction means something in one cluster only.
      const { rows } =
        await client.query(`SELECT count(*)::int AS rows, md5(string_agg(row::text, E'\\n' ORDER BY row::text)) AS digest
        FROM (SELECT to_jsonb(t) - 'transaction_id' AS row FROM ${name} t) all_rows`);
      contents[name] = rows[0];
    }
    return contents;
  });
}
