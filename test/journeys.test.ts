import { createClient } from 'graphql-ws';
import { beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../src/ids.ts';
import { type Caller, startTestApp, type TestApp } from './support/app.ts';
import { mutate } from './support/mutate.ts';

interface Move {
  identity: string;
  from: string | null;
  to: string;
  at: number;
  fromEnteredAt: number | null;
}

const START = Date.UTC(2026, 0, 1);
const DAY = 86_400_000;
const IDENTITIES = 1000;
const MOVES = 10_000;
const JOURNEY = `
  stages { stage { key } current entered left medianSeconds p90Seconds }
  flows { fromStage { key } toStage { key } count medianSeconds p90Seconds }`;

let app: TestApp;
let moves: Move[];
/** Where each identity ended. */
let present: Map<string, string>;

beforeAll(async () => {
  app = await startTestApp();
  const keys = ['welcome', 'browsing', 'considering', 'purchased', 'needs_help'];
  for (const name of keys) await app.rest('POST', '/stages', { name });
  ({ moves, present } = generateMoves(keys));
  await store(moves, present);
});

/** Walks at random, the same ones in every run. */
function generateMoves(keys: string[]): { moves: Move[]; present: Map<string, string> } {
  let seed = 20261120;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed / 2 ** 31;
  };
  const identities = Array.from({ length: IDENTITIES }, () => newId('Identity'));
  const state = new Map<string, { stage: string; at: number }>();
  const generated: Move[] = [];
  for (let index = 0; index < MOVES; index += 1) {
    const identity = identities[Math.floor(random() * identities.length)] as string;
    const before = state.get(identity);
    const to = keys.filter((key) => key !== before?.stage)[
      Math.floor(random() * (before ? keys.length - 1 : keys.length))
    ] as string;
    const at = (before?.at ?? START) + Math.floor(random() * 20 * DAY) + 1;
    generated.push({ identity, from: before?.stage ?? null, to, at, fromEnteredAt: before?.at ?? null });
    state.set(identity, { stage: to, at });
  }
  return { moves: generated, present: new Map([...state].map(([identity, { stage }]) => [identity, stage])) };
}

async function store(all: Move[], last: Map<string, string>): Promise<void> {
  const { db } = app.database;
  const { workspaceId } = app;
  const stages = new Map((await db.stage.findMany({ where: { workspaceId } })).map(({ key, id }) => [key, id]));
  await db.identity.createMany({
    data: [...last].map(([id, key]) => ({ id, workspaceId, stageId: stages.get(key) as string })),
  });
  await db.stageTransition.createMany({
    data: all.map(({ identity, from, to, at, fromEnteredAt }) => ({
      id: newId('StageTransition'),
      workspaceId,
      identityId: identity,
      fromStageId: from && (stages.get(from) as string),
      fromEnteredAt: fromEnteredAt === null ? null : new Date(fromEnteredAt),
      toStageId: stages.get(to) as string,
      cause: 'API' as const,
      createdAt: new Date(at),
    })),
  });
}

/** The value below which a share of the sorted ones lies, between two by proportion. */
function percentile(values: number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((one, other) => one - other);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] as number;
  return below + ((sorted[Math.ceil(place)] as number) - below) * (place % 1);
}

function times(of: Move[]) {
  const seconds = of.flatMap(({ at, fromEnteredAt }) => (fromEnteredAt === null ? [] : [(at - fromEnteredAt) / 1000]));
  return [percentile(seconds, 0.5), percentile(seconds, 0.9)];
}

function expectTimes(told: { medianSeconds: number | null; p90Seconds: number | null }, of: Move[]): void {
  const [median, p90] = times(of);
  for (const [value, expected] of [
    [told.medianSeconds, median],
    [told.p90Seconds, p90],
  ]) {
    if (expected == null) expect(value).toBeNull();
    else expect(value).toBeCloseTo(expected, 3);
  }
}

describe('a journey', () => {
  it.each([
    ['of all time', null, null],
    ['of a span', START + 30 * DAY, START + 120 * DAY],
    ['of an empty span', START - 10 * DAY, START],
  ])('%s is what counting move by move gives', async (_name, since, until) => {
    const within = moves.filter(({ at }) => (since === null || at >= since) && (until === null || at < until));
    const { journey } = await app.query(
      `query ($since: DateTime, $until: DateTime) { journey(since: $since, until: $until) { ${JOURNEY} } }`,
      {
        since: since && new Date(since),
        until: until && new Date(until),
      },
    );
    for (const told of journey.stages) {
      const { key } = told.stage;
      const left = within.filter(({ from }) => from === key);
      expect(told).toMatchObject({
        current: [...present.values()].filter((stage) => stage === key).length,
        entered: within.filter(({ to }) => to === key).length,
        left: left.length,
      });
      expectTimes(told, left);
    }
    const pairs = Map.groupBy(within, ({ from, to }) => `${from} ${to}`);
    expect(journey.flows).toHaveLength(pairs.size);
    for (const told of journey.flows) {
      const pair = pairs.get(`${told.fromStage?.key ?? null} ${told.toStage.key}`) ?? [];
      expect(told.count).toBe(pair.length);
      expectTimes(told, pair);
    }
  });

  it('tells how many came from one stage to another, by whatever way', async () => {
    const { journey } = await app.query(
      '{ journey { conversion(from: { key: "welcome" }, to: { key: "purchased" }) { entered converted rate medianSeconds } } }',
    );
    const first = new Map<string, number>();
    const later = new Map<string, number>();
    for (const { identity, to, at } of moves.toSorted((one, other) => one.at - other.at)) {
      if (to === 'welcome' && !first.has(identity)) first.set(identity, at);
      const begun = first.get(identity);
      if (to === 'purchased' && begun !== undefined && at > begun && !later.has(identity))
        later.set(identity, (at - begun) / 1000);
    }
    expect(journey.conversion).toMatchObject({
      entered: first.size,
      converted: later.size,
      rate: later.size / first.size,
    });
    expect(journey.conversion.medianSeconds).toBeCloseTo(percentile([...later.values()], 0.5) as number, 3);
  });

  it('counts a move that bears a later time than this machine tells', async () => {
    const other = await app.stranger();
    for (const name of ['Before', 'After']) await mutate(other, 'createStage', { name });
    await mutate(other, 'upsertIdentity', { identity: { externalId: 'ada' } });
    for (const key of ['before', 'after'])
      await mutate(other, 'assignStage', { identity: { externalId: 'ada' }, stage: { key } });
    const { workspaceId } = other;
    await app.database.db.stageTransition.updateMany({
      where: { workspaceId, toStage: { key: 'after' } },
      data: { createdAt: new Date(Date.now() + 3_600_000) },
    });
    const { journey } = await other.query(
      '{ journey { conversion(from: { key: "before" }, to: { key: "after" }) { entered converted } } }',
    );
    expect(journey.conversion).toEqual({ entered: 1, converted: 1 });
  });

  it('splits by channel on request', async () => {
    await app.query('mutation { createChannel(input: { name: "Web chat", key: "web" }) { __typename } }');
    const { db } = app.database;
    const { workspaceId } = app;
    const talking = [...present.keys()].slice(0, 100);
    const channel = await db.channel.findFirstOrThrow({ where: { workspaceId } });
    await db.conversation.createMany({
      data: talking.map((identityId) => ({
        id: newId('Conversation'),
        workspaceId,
        identityId,
        channelId: channel.id,
      })),
    });
    const { journey } = await app.query(
      '{ journey { channels { channel { key } journey { stages { stage { key } entered current } } } } }',
    );
    const [web] = journey.channels;
    expect(web.channel.key).toBe('web');
    for (const { stage, entered, current } of web.journey.stages) {
      expect(entered).toBe(moves.filter(({ identity, to }) => to === stage.key && talking.includes(identity)).length);
      expect(current).toBe(talking.filter((identity) => present.get(identity) === stage.key).length);
    }
  });

  it('refuses a span that ends before it begins', async () => {
    const { errors } = await app.execute(
      '{ journey(since: "2026-02-01T00:00:00Z", until: "2026-01-01T00:00:00Z") { stages { entered } } }',
    );
    expect(errors?.[0].extensions).toMatchObject({ code: 'INVALID_INPUT', issues: [{ path: 'until' }] });
  });

  it('shows nothing of another workspace', async () => {
    const stranger = await app.stranger();
    const { journey } = await stranger.query('{ journey { stages { entered } flows { count } } }');
    expect(journey).toEqual({ stages: [], flows: [] });
  });
});

describe('a live journey', () => {
  it('tells the present first, then once per second what has changed', async () => {
    const caller = await app.stranger();
    const origin = await app.origin();
    await caller.query(
      'mutation { one: createStage(input: { name: "First" }) { __typename } two: createStage(input: { name: "Second" }) { __typename } }',
    );
    const client = createClient({
      url: `${origin.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${caller.credential}` },
    });
    const snapshots = client.iterate<{ journey: { stages: { current: number; entered: number }[] } }>({
      query: 'subscription { journey { stages { current entered } } }',
    });
    const next = async () => (await snapshots.next()).value?.data?.journey.stages;
    expect(await next()).toEqual([
      { current: 0, entered: 0 },
      { current: 0, entered: 0 },
    ]);
    const told = performance.now();
    for (let index = 0; index < 20; index += 1) await move(caller, `user${index}`, 'first');
    await move(caller, 'user0', 'second');
    let latest = await next();
    let snapshotCount = 1;
    while (latest?.[1]?.entered !== 1) {
      latest = await next();
      snapshotCount += 1;
    }
    expect(latest).toEqual([
      { current: 19, entered: 20 },
      { current: 1, entered: 1 },
    ]);
    expect(snapshotCount).toBeLessThanOrEqual(1 + Math.ceil((performance.now() - told) / 1000));
    await client.dispose();
  });
});

async function move(caller: Caller, externalId: string, key: string): Promise<void> {
  await caller.query(
    `mutation ($identity: IdentityReference!, $stage: StageReference!) {
      upsertIdentity(input: { identity: $identity }) { __typename }
      assignStage(input: { identity: $identity, stage: $stage }) { __typename }
    }`,
    { identity: { externalId }, stage: { key } },
  );
}
