import { inDatabase } from '../database.ts';
import type { TurnsJob, TurnsResult } from '../load/job.ts';
import type { Bench } from '../part.ts';
import { API_KEY, type Participant } from '../participants.ts';
import { cpuSeconds } from '../process-usage.ts';
import { progress } from '../progress.ts';
import { type Row, toRow } from '../rows.ts';
import { seedDatabase } from '../seed.ts';

const LENGTHS = { fresh: 0, window: 200, long: 10_000 };
type Length = keyof typeof LENGTHS;
const TURNS = 60;
/** What is left of a conversation word for word after it was condensed: a summary tells of the turns before. */
const UNCONDENSED_TURNS = 50;

/** A turn in a conversation of 10,000 messages, compared with one in a fresh one and in one that just fills what the model is sent. */
export async function longConversationRows(
  bench: Bench,
  milepost: Participant & { dataDir: string },
  channel: string,
): Promise<Row[]> {
  progress('turns: a conversation of 10,000 messages');
  const samples = new Map<Length, { turnMs: number; cpuMs: number }[]>([
    ['fresh', []],
    ['window', []],
    ['long', []],
  ]);
  const identities = await seedConversations(bench.rounds + 1, milepost, channel);
  // The first round is the warm-up.
  for (let round = 0; round <= bench.rounds; round += 1) {
    for (const [length, taken] of samples) {
      const { turnMs, cpuMs } = await takeTurns(
        bench,
        milepost,
        channel,
        identities(length, round),
        length === 'fresh',
      );
      progress(`  ${length}: turn ${turnMs.toFixed(1)} ms, CPU ${cpuMs.toFixed(2)} ms`);
      if (round > 0) taken.push({ turnMs, cpuMs });
    }
  }
  const compare = (against: Length, figure: 'turnMs' | 'cpuMs') =>
    (samples.get('long') ?? []).map((long, round) => ({
      value: long[figure],
      reference: samples.get(against)?.[round]?.[figure] ?? 0,
    }));
  const row = { part: 'turns', unit: 'ms' };
  return [
    toRow({
      ...row,
      name: 'turn p50, 10,000 messages before',
      against: 'fresh',
      samples: compare('fresh', 'turnMs'),
      budget: { limit: 1.5 },
    }),
    toRow({
      ...row,
      name: 'turn p50, 10,000 messages before',
      against: '200 messages',
      samples: compare('window', 'turnMs'),
      budget: { limit: 1.2 },
    }),
    toRow({
      ...row,
      name: 'CPU per turn, 10,000 messages before',
      against: 'fresh',
      samples: compare('fresh', 'cpuMs'),
    }),
  ];
}

/** The name of the identity whose conversation has this length in this round. */
type Names = (length: Length, round: number) => string;

async function seedConversations(rounds: number, milepost: { dataDir: string }, channel: string): Promise<Names> {
  for (let round = 0; round < rounds; round += 1) {
    for (const length of ['window', 'long'] as const) {
      const seed = { prefix: `${length}${round}`, channel, identities: 1, messagesPerConversation: LENGTHS[length] };
      await inDatabase(milepost, (client) => seedDatabase(client, seed));
    }
  }
  // As their own turns would have left them: what is said is condensed as it grows, not all at once.
  await inDatabase(milepost, (client) =>
    client.query(
      `UPDATE conversations SET summary = 'The user asked for boots and a tent.', summarized_through = turn_count - ${UNCONDENSED_TURNS}
       WHERE turn_count >= ${LENGTHS.window / 2}`,
    ),
  );
  return (length, round) => `${length}${round}`;
}

async function takeTurns(
  { load }: Bench,
  { url, pid }: Participant,
  channel: string,
  identityPrefix: string,
  fresh: boolean,
) {
  const job: TurnsJob = {
    ...{
      kind: 'turns',
      url,
      apiKey: API_KEY,
      door: 'blocking',
      channel,
      tokens: 20,
      identityPrefix,
      createIdentities: fresh,
    },
    // A fresh conversation is fresh for one turn only.
    ...{ streams: 1, turnsPerStream: TURNS, turnsPerConversation: fresh ? 1 : TURNS, rampMs: 0 },
  };
  await load.prepare(job);
  const before = cpuSeconds(pid);
  const { turnMs, errors, complaints } = await load.run<TurnsResult>();
  if (errors > 0) throw new Error(complaints.join('; '));
  return { turnMs: turnMs.p50, cpuMs: ((cpuSeconds(pid) - before) * 1000) / TURNS };
}
