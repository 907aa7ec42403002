import { addChannel } from '../api.ts';
import { analyze } from '../database.ts';
import { type Measured, measureTurns } from '../measure.ts';
import type { Bench, Part } from '../part.ts';
import { type Participant, startMilepost, startPipe } from '../participants.ts';
import { progress } from '../progress.ts';
import { type Row, toRow } from '../rows.ts';

const KIND = { tokens: 200, delayMs: 0, tokensPerWrite: 1 };
const DOORS = { rest: 'REST SSE', websocket: 'GraphQL WebSocket' } as const;
type GrowthDoor = keyof typeof DOORS;
const LOADS = [
  { streams: 1, turnsPerStream: 40 },
  { streams: 10, turnsPerStream: 8 },
  { streams: 100, turnsPerStream: 1 },
  { streams: 1000, turnsPerStream: 1 },
];
/** The pipe needs so little that its CPU is taken over more turns. */
const PIPE_TURNS = 4;
/** A round takes half a minute. */
const MAX_ROUNDS = 2;

/** What a token costs with 1, 10, 100 and 1,000 simultaneous streams. */
export const growth: Part = async (bench) => {
  const pipe = await startPipe(bench.upstream);
  const milepost = await startMilepost(bench);
  const channel = await addChannel(milepost, KIND);
  progress('growth: warm-up');
  await measureRound(bench, LOADS.slice(1, 3), channel, pipe, milepost);
  await analyze(milepost);
  const rounds: Round[] = [];
  for (let round = 0; round < Math.min(bench.rounds, MAX_ROUNDS); round += 1) {
    progress(`growth: round ${round + 1}`);
    rounds.push(await measureRound(bench, LOADS, channel, pipe, milepost));
  }
  await Promise.all([pipe.stop(), milepost.stop()]);
  return (Object.keys(DOORS) as GrowthDoor[]).flatMap((door) => toRows(door, rounds));
};

/** What was measured in a round, by door and number of streams. */
type Round = Map<string, Measured>;
const key = (door: 'pipe' | GrowthDoor, streams: number) => `${door} ${streams}`;

async function measureRound(
  { load }: Bench,
  loads: typeof LOADS,
  channel: string,
  pipe: Participant,
  milepost: Participant,
): Promise<Round> {
  const round: Round = new Map();
  for (const { streams, turnsPerStream } of loads) {
    for (const door of ['pipe', 'rest', 'websocket'] as const) {
      const times = door === 'pipe' && streams < 1000 ? PIPE_TURNS : 1;
      const job = { door, channel, tokens: KIND.tokens, streams, turnsPerStream: turnsPerStream * times };
      const server = door === 'pipe' ? pipe : milepost;
      round.set(key(door, streams), await measureTurns(load, server, { ...job, turnsPerConversation: 4, rampMs: 0 }));
    }
  }
  return round;
}

function toRows(door: GrowthDoor, rounds: Round[]): Row[] {
  const cpu = (round: Round, of: 'pipe' | GrowthDoor, streams: number) => round.get(key(of, streams))?.cpuPerToken ?? 0;
  const common = { part: 'growth', unit: 'µs' };
  const rows = LOADS.map(({ streams }) =>
    toRow({
      ...common,
      name: `CPU per token, ${DOORS[door]}, ${streams} streams`,
      against: 'pipe',
      samples: rounds.map((round) => ({ value: cpu(round, door, streams), reference: cpu(round, 'pipe', streams) })),
    }),
  );
  const grown = toRow({
    ...common,
    name: `CPU per token, ${DOORS[door]}, from 10 streams to 1,000`,
    against: '10 streams',
    samples: rounds.map((round) => ({ value: cpu(round, door, 1000), reference: cpu(round, door, 10) })),
    budget: { limit: 1.5 },
  });
  return [...rows, grown];
}
