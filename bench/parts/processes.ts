import { join } from 'node:path';
import { type LocalRedis, startLocalRedis } from '../../deploy/local-redis.ts';
import { startEmbedded } from '../../src/database/embedded.ts';
import { addChannel } from '../api.ts';
import { analyze } from '../database.ts';
import type { Door } from '../load/job.ts';
import { type Measured, measureTurns, type TurnsLoad } from '../measure.ts';
import { type Bench, type Part, rotated } from '../part.ts';
import { type Load, makeFolder, type Participant, startLoad, startMilepost } from '../participants.ts';
import { cpuSeconds } from '../process-usage.ts';
import { progress } from '../progress.ts';
import { type Row, type Sample, toRow } from '../rows.ts';

const DOORS = { rest: 'REST SSE', websocket: 'GraphQL WebSocket' } as const satisfies Partial<Record<Door, string>>;
type SharedDoor = keyof typeof DOORS;
const FAST = { tokens: 200, delayMs: 0, tokensPerWrite: 1 };
const LOADS: { name: string; kind: typeof FAST; doors: SharedDoor[]; warmUps: number; shape: Shape }[] = [
  {
    name: '50 streams, no delay',
    kind: FAST,
    doors: ['rest', 'websocket'],
    warmUps: 1,
    shape: { streams: 50, turnsPerStream: 4, turnsPerConversation: 4, rampMs: 0 },
  },
  {
    // A round takes a quarter of a minute.
    name: '100 streams, 20 ms',
    kind: { ...FAST, delayMs: 20 },
    doors: ['websocket'],
    warmUps: 0,
    shape: { streams: 100, turnsPerStream: 1, turnsPerConversation: 1, rampMs: 1000 },
  },
];
type Shape = Pick<TurnsLoad, 'streams' | 'turnsPerStream' | 'turnsPerConversation' | 'rampMs'>;
/** Divided among the processes. */
const SHARED_STREAMS = 60;
const MOST_PROCESSES = 3;

/** What the log in Redis costs compared with the one in memory, and what several processes relay together. */
export const processes: Part = async (bench) => {
  const redis = await startLocalRedis();
  if (!redis) {
    progress('processes: skipped, there is no redis-server (apt-get install redis-server)');
    return [];
  }
  const rows = [...(await compareLogs(bench, redis)), ...(await countProcesses(bench, redis))];
  await redis.stop();
  return rows;
};

/** One process with the log in memory, one with the log in Redis, each with a database of its own. */
async function compareLogs(bench: Bench, redis: LocalRedis): Promise<Row[]> {
  const memory = await startMilepost(bench);
  const shared = await startMilepost({ ...bench, environment: { REDIS_URL: redis.url } });
  const rows: Row[] = [];
  for (const { name, kind, doors, warmUps, shape } of LOADS) {
    const channel = await addChannel(memory, kind);
    await addChannel(shared, kind);
    const samples = new Map<SharedDoor, Sample[]>();
    const redisCpu = new Map<SharedDoor, number[]>();
    for (let round = -warmUps; round < bench.rounds; round += 1) {
      if (round === 0) await Promise.all([memory, shared].map(analyze));
      for (const door of rotated(doors, round + warmUps)) {
        const job = { ...shape, door, channel, tokens: kind.tokens };
        const reference = await measureTurns(bench.load, memory, job);
        const before = cpuSeconds(redis.pid);
        const measured = await measureTurns(bench.load, shared, job);
        const spent = ((cpuSeconds(redis.pid) - before) * 1e6) / measured.tokens;
        if (round < 0) continue;
        const sample = { value: measured.cpuPerToken, reference: reference.cpuPerToken };
        samples.set(door, [...(samples.get(door) ?? []), sample]);
        redisCpu.set(door, [...(redisCpu.get(door) ?? []), spent]);
      }
    }
    for (const door of doors) {
      rows.push(
        toRow({
          part: 'processes',
          name: `CPU per token, ${DOORS[door]}, log in Redis, ${name}`,
          unit: 'µs',
          against: 'in memory',
          samples: samples.get(door) ?? [],
          budget: { limit: 1.5 },
          details: { redisCpuPerToken: redisCpu.get(door) },
        }),
      );
    }
  }
  await Promise.all([memory.stop(), shared.stop()]);
  return rows;
}

/** One, two and three processes over one database and one Redis, with the same load together. */
async function countProcesses(bench: Bench, redis: LocalRedis): Promise<Row[]> {
  const dataDir = makeFolder();
  const database = await startEmbedded(join(dataDir, 'postgres'));
  const environment = {
    DATABASE_URL: `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(database.host)}`,
    MILEPOST_SECRET: 'the same in every process, for the benchmark',
    REDIS_URL: redis.url,
  };
  const servers: Participant[] = [];
  while (servers.length < MOST_PROCESSES) servers.push(await startMilepost({ ...bench, environment }));
  const loads = [bench.load, ...(await Promise.all([startLoad(), startLoad()]))];
  const channel = await addChannel(servers[0] as Participant, FAST);
  const measured = new Map<number, Measured[][]>();
  for (let round = -1; round < bench.rounds; round += 1) {
    if (round === 0) await analyze({ dataDir });
    for (const count of rotated([1, 2, 3], round + 1)) {
      const job = {
        door: 'websocket' as const,
        channel,
        tokens: FAST.tokens,
        streams: SHARED_STREAMS / count,
        rampMs: 0,
      };
      const all = await measureAll(loads, servers.slice(0, count), {
        ...job,
        turnsPerStream: 4,
        turnsPerConversation: 4,
      });
      if (round >= 0) measured.set(count, [...(measured.get(count) ?? []), all]);
    }
  }
  await Promise.all([...servers, ...loads.slice(1)].map((participant) => participant.stop()));
  await database.stop();
  const counts = [...measured].toSorted(([one], [other]) => one - other);
  return counts.flatMap(([count, rounds]) => rowsOf(count, rounds, measured.get(1) ?? []));
}

function measureAll(loads: Load[], servers: Participant[], job: TurnsLoad): Promise<Measured[]> {
  return Promise.all(servers.map((server, nth) => measureTurns(loads[nth] as Load, server, job)));
}

function rowsOf(count: number, rounds: Measured[][], alone: Measured[][]): Row[] {
  const name = count === 1 ? '1 process' : `${count} processes`;
  const samples = (figure: (all: Measured[]) => number) =>
    rounds.map((all, round) => ({ value: figure(all), reference: figure(alone[round] as Measured[]) }));
  const common = { part: 'processes', against: '1 process' };
  return [
    toRow({ ...common, name: `tokens per second, ${name}`, unit: '/s', samples: samples(tokensPerSecond) }),
    toRow({ ...common, name: `CPU per token, ${name}`, unit: 'µs', samples: samples(cpuPerToken) }),
  ];
}

const tokensPerSecond = (all: Measured[]) => all.reduce((sum, { tokens, seconds }) => sum + tokens / seconds, 0);

function cpuPerToken(all: Measured[]): number {
  const tokens = all.reduce((sum, one) => sum + one.tokens, 0);
  return all.reduce((sum, one) => sum + one.cpuPerToken * one.tokens, 0) / tokens;
}
