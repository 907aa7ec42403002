import { addChannel } from '../api.ts';
import { analyze } from '../database.ts';
import type { Door } from '../load/job.ts';
import { type Measured, measureTurns, type TurnsLoad } from '../measure.ts';
import { type Bench, type Part, rotated } from '../part.ts';
import { type Participant, startMilepost, startPipe } from '../participants.ts';
import { progress } from '../progress.ts';
import { type Row, toRow } from '../rows.ts';

const DOORS = ['rest', 'websocket', 'graphql-sse'] as const;
const NAMES = { rest: 'REST SSE', websocket: 'GraphQL WebSocket', 'graphql-sse': 'GraphQL SSE' };

type Budgets = Record<(typeof DOORS)[number], number>;

interface Scenario {
  name: string;
  kind: { tokens: number; delayMs: number; tokensPerWrite: number };
  load: Pick<TurnsLoad, 'streams' | 'turnsPerStream' | 'rampMs'>;
  /** The pipe needs so little that its CPU is taken over more turns. */
  pipeTurns?: number;
  rows(part: Measurements): Row[];
}

/** What each door measured, round by round; the pipe is one of them. */
type Measurements = Map<Door, Measured[]>;

const SCENARIOS: Scenario[] = [
  {
    name: '50 streams, no delay',
    kind: { tokens: 200, delayMs: 0, tokensPerWrite: 1 },
    load: { streams: 50, turnsPerStream: 8, rampMs: 0 },
    pipeTurns: 12,
    rows: (measured) => cpuRows('50 streams, no delay', measured, { rest: 1.8, websocket: 1.7, 'graphql-sse': 2.0 }),
  },
  {
    // What a turn costs once weighs a fifth here: what is left is the path of a token.
    name: '50 streams, no delay, long replies',
    kind: { tokens: 1000, delayMs: 0, tokensPerWrite: 1 },
    load: { streams: 50, turnsPerStream: 2, rampMs: 0 },
    rows: (measured) => cpuRows('50 streams, no delay, 1,000 tokens', measured),
  },
  {
    name: '100 streams, 20 ms per token',
    kind: { tokens: 200, delayMs: 20, tokensPerWrite: 1 },
    load: { streams: 100, turnsPerStream: 1, rampMs: 1000 },
    rows: (measured) => cpuRows('100 streams, 20 ms', measured, { rest: 1.6, websocket: 2.3, 'graphql-sse': 3.0 }),
  },
  {
    name: 'time to first token, 50 streams',
    kind: { tokens: 40, delayMs: 20, tokensPerWrite: 1 },
    load: { streams: 50, turnsPerStream: 4, rampMs: 800 },
    rows: firstTokenRows,
  },
];

/** Until then the engine still compiles what it has found to be hot, which a server does once in its life. */
const WARM_UP_ROUNDS = 10;

/** What relaying a token costs, compared with a plain HTTP pipe under the same load. */
export const tokens: Part = async (bench) => {
  const pipe = await startPipe(bench.upstream);
  const milepost = await startMilepost(bench);
  const rows: Row[] = [];
  progress('tokens: warm-up');
  await measureScenario({ ...bench, rounds: WARM_UP_ROUNDS }, SCENARIOS[0] as Scenario, pipe, milepost);
  await analyze(milepost);
  for (const scenario of SCENARIOS) {
    progress(`tokens: ${scenario.name}`);
    rows.push(...scenario.rows(await measureScenario(bench, scenario, pipe, milepost)));
  }
  await Promise.all([pipe.stop(), milepost.stop()]);
  return rows;
};

const channels = new Map<string, Promise<string>>();

async function measureScenario(
  { load, rounds }: Bench,
  scenario: Scenario,
  pipe: Participant,
  milepost: Participant,
): Promise<Measurements> {
  const { name, kind, load: shape, pipeTurns = shape.turnsPerStream } = scenario;
  if (!channels.has(name)) channels.set(name, addChannel(milepost, kind));
  const channel = (await channels.get(name)) as string;
  const measured: Measurements = new Map();
  for (let round = 0; round < rounds; round += 1) {
    for (const door of rotated<Door>(['pipe', ...DOORS], round)) {
      const [server, turnsPerStream] = door === 'pipe' ? [pipe, pipeTurns] : [milepost, shape.turnsPerStream];
      const job = {
        ...shape,
        door,
        channel,
        tokens: kind.tokens,
        turnsPerStream,
        turnsPerConversation: turnsPerStream,
      };
      const result = await measureTurns(load, server, job);
      measured.set(door, [...(measured.get(door) ?? []), result]);
    }
  }
  return measured;
}

function cpuRows(name: string, measured: Measurements, budgets?: Budgets): Row[] {
  return DOORS.map((door) =>
    toRow({
      part: 'tokens',
      name: `CPU per token, ${NAMES[door]}, ${name}`,
      unit: 'µs',
      against: 'pipe',
      samples: pairs(measured, door, ({ cpuPerToken }) => cpuPerToken),
      ...(budgets && { budget: { limit: budgets[door] } }),
      details: databaseCpu(measured, door),
    }),
  );
}

function firstTokenRows(measured: Measurements): Row[] {
  return DOORS.map((door) =>
    toRow({
      part: 'tokens',
      name: `time to first token p50, ${NAMES[door]}, 50 streams, 20 ms`,
      unit: 'ms',
      against: 'pipe',
      compared: 'difference',
      samples: pairs(measured, door, ({ firstTokenMs }) => firstTokenMs.p50),
      budget: { limit: 20 },
      details: { p99: measured.get(door)?.map(({ firstTokenMs }) => firstTokenMs.p99), ...databaseCpu(measured, door) },
    }),
  );
}

function pairs(measured: Measurements, door: Door, figure: (one: Measured) => number) {
  const references = measured.get('pipe') ?? [];
  return (measured.get(door) ?? []).map((one, round) => ({
    value: figure(one),
    reference: figure(references[round] as Measured),
  }));
}

function databaseCpu(measured: Measurements, door: Door) {
  return { databaseCpuMsPerTurn: measured.get(door)?.map(({ databaseCpuPerTurn }) => databaseCpuPerTurn) };
}
