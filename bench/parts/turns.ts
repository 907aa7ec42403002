import { addChannel } from '../api.ts';
import { analyze } from '../database.ts';
import { type Measured, measureTurns, type TurnsLoad } from '../measure.ts';
import { type Bench, type Part, rotated } from '../part.ts';
import { type Participant, startFloor, startMilepost } from '../participants.ts';
import { progress } from '../progress.ts';
import { type Budget, type Row, type RowOptions, toRow } from '../rows.ts';
import { longConversationRows } from './long-conversation.ts';

const KIND = { tokens: 20, delayMs: 0, tokensPerWrite: 1 };
const DOORS = { rest: 'streamed', blocking: 'blocking' } as const;
/** Streams, and how many turns each of them has. */
const LOADS = [
  { streams: 1, turnsPerStream: 100 },
  { streams: 16, turnsPerStream: 25 },
  { streams: 64, turnsPerStream: 8 },
];
/** The floor needs so little that it is measured over more turns. */
const FLOOR_TURNS = 4;
const TURNS_PER_CONVERSATION = 5;

/** What a short turn costs, compared with the same turn by hand. */
export const turns: Part = async (bench) => {
  const floor = await startFloor(bench.upstream);
  const milepost = await startMilepost(bench);
  const channel = await addChannel(milepost, KIND);
  const rows: Row[] = [];
  progress('turns: warm-up');
  const young = await measure(
    { ...bench, rounds: 4 },
    { streams: 16, turnsPerStream: 25, door: 'rest', channel },
    floor,
    milepost,
  );
  await analyze(milepost);
  await measure(
    { ...bench, rounds: 2 },
    { streams: 16, turnsPerStream: 25, door: 'blocking', channel },
    floor,
    milepost,
  );
  for (const door of ['rest', 'blocking'] as const) {
    for (const shape of LOADS) {
      progress(`turns: ${DOORS[door]}, ${shape.streams} at a time`);
      const samples = await measure(bench, { ...shape, door, channel }, floor, milepost);
      const name = `${DOORS[door]}, ${shape.streams} at a time`;
      rows.push(...toRows(name, samples, shape.streams === 16 ? { limit: 0.3, atLeast: true } : undefined));
      if (door === 'rest' && shape.streams === 16) rows.push(youngRow(young.at(-1) as Pair, samples));
    }
  }
  rows.push(...(await longConversationRows(bench, milepost, channel)));
  await Promise.all([floor.stop(), milepost.stop()]);
  return rows;
};

/**
 * A new database, before PostgreSQL has gathered statistics: its plans must not be worse than later ones. Compares the
 * CPU of PostgreSQL, because Node itself is still warming up.
 */
function youngRow(young: Pair, later: Pair[]): Row {
  const samples = later.map(({ milepost }) => ({
    value: young.milepost.databaseCpuPerTurn,
    reference: milepost.databaseCpuPerTurn,
  }));
  const name = 'CPU of PostgreSQL per turn, after 1,600 turns without statistics';
  return toRow({ part: 'turns', name, unit: 'ms', against: 'with statistics', samples, budget: { limit: 1.5 } });
}

type Pair = { floor: Measured; milepost: Measured };

async function measure(
  { load, rounds }: Bench,
  shape: Pick<TurnsLoad, 'streams' | 'turnsPerStream' | 'door' | 'channel'>,
  floor: Participant,
  milepost: Participant,
): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const pair: Partial<Pair> = {};
    for (const server of rotated([floor, milepost], round)) {
      const turnsPerStream = shape.turnsPerStream * (server === floor ? FLOOR_TURNS : 1);
      const job = {
        ...shape,
        turnsPerStream,
        turnsPerConversation: TURNS_PER_CONVERSATION,
        tokens: KIND.tokens,
        rampMs: 0,
      };
      pair[server === floor ? 'floor' : 'milepost'] = await measureTurns(load, server, job);
    }
    pairs.push(pair as Pair);
  }
  return pairs;
}

function toRows(name: string, pairs: Pair[], budget: Budget | undefined): Row[] {
  const compare = (figure: (one: Measured) => number): Pick<RowOptions, 'part' | 'against' | 'samples'> => ({
    part: 'turns',
    against: 'floor',
    samples: pairs.map(({ floor, milepost }) => ({ value: figure(milepost), reference: figure(floor) })),
  });
  const details = {
    databaseCpuMsPerTurn: pairs.map(({ milepost }) => milepost.databaseCpuPerTurn),
    turnMs: pairs.map(({ milepost }) => milepost.turnMs),
  };
  return [
    toRow({
      ...compare(({ turnsPerSecond }) => turnsPerSecond),
      name: `turns per second, ${name}`,
      unit: '/s',
      budget,
      details,
    }),
    toRow({ ...compare(({ cpuPerTurn }) => cpuPerTurn), name: `CPU per turn, ${name}`, unit: 'ms' }),
  ];
}
