import { createClient } from 'graphql-sse';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Announcement } from '../../src/announcements.ts';
import { createRedisAnnouncements } from '../../src/redis/announcements.ts';
import { RedisConnection } from '../../src/redis/connection.ts';
import { DOORS } from '../support/doors.ts';
import { type Processes, startProcesses } from '../support/processes.ts';
import { NO_REDIS_URL } from '../support/redis.ts';
import { hold, reply } from '../support/scripted-model.ts';
import { API_KEY, peopleAt, queryAt, sendAt, turnsAt } from '../support/server-process.ts';
import { TurnText } from '../support/turn-readers.ts';

// biome-ignore lint/suspicious/noExplicitAny: answers are read by tests, which know their shape
type Answer = any;

const SUITE = 'what one process tells the others';

describe.skipIf(NO_REDIS_URL)(NO_REDIS_URL ? `${SUITE}: ${NO_REDIS_URL}` : SUITE, () => {
  let processes: Processes;
  let people: string[];
  let origins: [string, string, string];
  const open: (() => unknown)[] = [];
  const nextPerson = () => people.pop() as string;

  beforeAll(async () => {
    processes = await startProcesses(3);
    origins = processes.servers.map(({ origin }) => origin) as typeof origins;
    people = await peopleAt(origins[0], 20);
  });
  afterAll(async () => {
    for (const leave of open) leave();
    await processes?.close();
  });

  /** The results of a subscription at a server, one by one. */
  function follow(origin: string, query: string, variables: Record<string, unknown> = {}) {
    const client = createClient({ url: `${origin}/graphql`, headers: { authorization: `Bearer ${API_KEY}` } });
    open.push(() => client.dispose());
    const results = client.iterate<Record<string, unknown>>({ query, variables });
    return async () => (await results.next()).value?.data as Answer;
  }

  const move = (origin: string, externalId: string, key: string) =>
    queryAt(origin, 'mutation ($input: AssignStageInput!) { assignStage(input: $input) { __typename } }', {
      input: { identity: { externalId }, stage: { key } },
    });

  const MOVES = 'subscription ($by: IdentityReference) { stageTransitions(identity: $by) { toStage { key } } }';

  /** The moves of somebody as they are told at a server; resolves once it has begun to listen. */
  async function followMoves(origin: string, externalId: string, moveAt: string) {
    const next = follow(origin, MOVES, { by: { externalId } });
    let seen: Answer;
    const first = next().then((event) => {
      seen = event;
    });
    // Nothing says when it has begun, so they are moved until it has.
    while (!seen) for (const key of ['considering', 'onboarding']) await move(moveAt, externalId, key);
    await first;
    return async (key: string) => {
      while ((await next()).stageTransitions.toStage.key !== key);
    };
  }

  it('is that somebody has moved: to those who follow the transitions', async () => {
    const [a, b] = origins;
    const person = nextPerson();
    const told = await followMoves(b, person, a);
    await move(a, person, 'purchased');
    await told('purchased');
  });

  it('is that somebody has moved: to those who follow the journey', async () => {
    const [a, , c] = origins;
    const person = nextPerson();
    await move(a, person, 'onboarding');
    const next = follow(c, 'subscription { journey { stages { stage { key } current } } }');
    const inPurchased = ({ journey }: Answer): number =>
      journey.stages.find(({ stage }: Answer) => stage.key === 'purchased').current;
    const before = inPurchased(await next());
    await move(a, person, 'purchased');
    let now = before;
    while (now === before) now = inPurchased(await next());
    expect(now).toBe(before + 1);
  });

  describe('is what they know no longer:', () => {
    /** Resolves once the second process has heard all that the first has told: news come in order. */
    async function heard(change: () => Promise<unknown>): Promise<void> {
      const [a, b] = origins;
      const person = nextPerson();
      const told = await followMoves(b, person, a);
      await change();
      await move(a, person, 'purchased');
      await told('purchased');
    }

    it('an assistant that was changed answers as it is now', async () => {
      const [a, b] = origins;
      const person = nextPerson();
      const { assistants } = await queryAt(a, '{ assistants(first: 1) { edges { node { id } } } }');
      const before = await sendAt(b, person, 'Who are you?');
      await DOORS.REST(b, before.turn.id, new TurnText()).rest();
      await heard(() =>
        queryAt(
          a,
          'mutation ($id: ID!) { updateAssistant(input: { id: $id, instructions: "You are new." }) { __typename } }',
          { id: assistants.edges[0].node.id },
        ),
      );
      await sendAt(b, person, 'And who are you now?');
      const { body } = await processes.model.received('And who are you now?');
      expect(body.messages[0]?.content).toContain('You are new.');
    });

    it('a key that was revoked opens nothing', async () => {
      const [a, b] = origins;
      const { createApiKey } = await queryAt(
        a,
        'mutation { createApiKey(input: { name: "Short-lived", permissions: [READ] }) { ... on CreateApiKeyPayload { apiKey { id } secret } } }',
      );
      const authorization = `Bearer ${createApiKey.secret}`;
      const statusAt = async (origin: string) =>
        (await fetch(`${origin}/stages`, { headers: { authorization } })).status;
      expect(await statusAt(b)).toBe(200);
      await heard(() =>
        queryAt(a, 'mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { __typename } }', {
          id: createApiKey.apiKey.id,
        }),
      );
      expect(await statusAt(b)).toBe(401);
    });
  });

  it('is what waits when it stops', async () => {
    const stopping = await processes.add();
    const person = nextPerson();
    processes.model.when('Never finished', reply.text('One ', hold()));
    const running = await sendAt(stopping.origin, person, 'Never finished');
    await DOORS.REST(origins[0], running.turn.id, new TurnText()).untilText('One ');
    const waiting = await sendAt(stopping.origin, person, 'Wait behind it');
    const reading = DOORS['GraphQL over WebSocket'](origins[1], waiting.turn.id, new TurnText(waiting.cursor));
    const connection = new RedisConnection(processes.redisUrl, pino({ level: 'silent' }));
    await connection.open();
    const told = new Promise<Announcement>((resolve) => {
      createRedisAnnouncements(connection, pino({ level: 'silent' })).listen(
        (announcement) => announcement.type === 'TurnsWaiting' && resolve(announcement),
      );
    });
    expect(await stopping.terminate()).toBe(0);
    await told;
    await connection.close();
    expect((await reading.rest()).text).toBe('Echo: Wait behind it');
    const [interrupted] = await turnsAt(origins[0], [running.turn.id]);
    expect(interrupted).toMatchObject({ status: 'FAILED', error: { code: 'INTERRUPTED' }, reply: { text: 'One ' } });
  });
});
