import { addChannel } from '../api.ts';
import { inDatabase } from '../database.ts';
import { explain } from '../explain.ts';
import type { RequestsResult } from '../load/job.ts';
import type { Part } from '../part.ts';
import { API_KEY, startMilepost } from '../participants.ts';
import { progress } from '../progress.ts';
import { findPlaces, JOURNEY, READS } from '../reads.ts';
import { type Sample, toRow } from '../rows.ts';
import { seedDatabase } from '../seed.ts';

const IDENTITIES = 100_000;
const MESSAGES_PER_CONVERSATION = 10;
const MOVES_PER_IDENTITY = 10;
const REPEAT = 40;
const JOURNEY_REPEAT = 3;

/** Lists and pages in a database of 100,000 identities and 1,000,000 messages: how long they take, and whether by index. */
export const reads: Part = async (bench) => {
  const { load, rounds } = bench;
  const milepost = await startMilepost(bench);
  const channel = await addChannel(milepost, { tokens: 20, delayMs: 0, tokensPerWrite: 1 });
  progress('reads: writes 100,000 identities, 1,000,000 messages and 1,000,000 moves');
  const seed = {
    prefix: 'read',
    channel,
    identities: IDENTITIES,
    messagesPerConversation: MESSAGES_PER_CONVERSATION,
    movesPerIdentity: MOVES_PER_IDENTITY,
  };
  await inDatabase(milepost, (client) => seedDatabase(client, seed));
  progress('reads: seeded');
  const places = await findPlaces(milepost);
  const scans = await explain(milepost, places);

  const timed = [...READS.map((read) => ({ ...read, repeat: REPEAT })), { ...JOURNEY, repeat: JOURNEY_REPEAT }];
  const samples = new Map<string, Sample[]>(timed.map(({ name }) => [name, []]));
  // The first round is the warm-up.
  for (let round = 0; round <= rounds; round += 1) {
    for (const read of timed) {
      await load.prepare({
        kind: 'requests',
        url: milepost.url,
        apiKey: API_KEY,
        ...read.request(places),
        repeat: read.repeat,
      });
      const { p50, errors, complaints } = await load.run<RequestsResult>();
      if (errors > 0) throw new Error(`${read.name}: ${complaints.join('; ')}`);
      if (round > 0) samples.get(read.name)?.push({ value: p50 });
    }
  }
  await milepost.stop();
  const rows = READS.map(({ name }) => {
    const { statements, tables } = scans.get(name) ?? { statements: 0, tables: [] };
    const scanned = tables.length > 0 ? ` (reads all of ${tables.join(', ')})` : '';
    return toRow({
      part: 'reads',
      name: `p50, ${name}${scanned}`,
      unit: 'ms',
      samples: samples.get(name) ?? [],
      details: { statements, tables },
    });
  });
  const scanning = READS.map(({ name }) => name).filter((name) => scans.get(name)?.tables.length);
  const name = `queries of these ${READS.length} that read a large table in sequence`;
  return [
    ...rows,
    toRow({
      part: 'reads',
      name: 'p50, journey over 1,000,000 moves',
      unit: 'ms',
      samples: samples.get(JOURNEY.name) ?? [],
    }),
    toRow({
      part: 'reads',
      name,
      unit: '',
      samples: [{ value: scanning.length }],
      budget: { limit: 0 },
      details: { scanning },
    }),
  ];
};
