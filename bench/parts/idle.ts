import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { addChannel } from '../api.ts';
import { inDatabase } from '../database.ts';
import type { IdleJob, IdleResult } from '../load/job.ts';
import type { Bench, Part } from '../part.ts';
import { API_KEY, startMilepost } from '../participants.ts';
import { residentBytes } from '../process-usage.ts';
import { progress } from '../progress.ts';
import { type Sample, toRow } from '../rows.ts';
import { seedDatabase } from '../seed.ts';

const WANTED = 5000;
/** So many are opened and left first: what the server keeps for the first ones only is not theirs. */
const FIRST = 500;
/** Files a process needs besides its sockets. */
const OTHER_FILES = 200;
const MAX_ROUNDS = 2;
const DOORS = { websocket: 'WebSocket subscription', 'graphql-sse': 'SSE stream' } as const;

/** What a subscription costs in memory while nothing happens: resident memory before and after, without forcing anything. */
export const idle: Part = async (bench) => {
  const count = Math.min(WANTED, openFilesLimit() - OTHER_FILES);
  if (count < WANTED) progress(`idle: the limit of open files allows for ${count} subscriptions only`);
  const milepost = await startMilepost(bench);
  const { dataDir } = milepost;
  const channel = await addChannel(milepost, { tokens: 20, delayMs: 0, tokensPerWrite: 1 });
  const ids = await inDatabase(milepost, async (client) => {
    await seedDatabase(client, { prefix: 'idle', channel, identities: count, messagesPerConversation: 4 });
    const { rows } = await client.query<{ id: string }>('SELECT id FROM conversations ORDER BY id');
    return rows.map(({ id }) => id);
  });
  await milepost.stop();

  const samples: Record<IdleJob['door'], Sample[]> = { websocket: [], 'graphql-sse': [] };
  for (let round = 0; round < Math.min(bench.rounds, MAX_ROUNDS); round += 1) {
    for (const door of ['websocket', 'graphql-sse'] as const) {
      const kibibytes = await kibibytesEach(bench, dataDir, door, ids);
      progress(`  idle ${door}: ${kibibytes.toFixed(1)} KiB each`);
      samples[door].push({ value: kibibytes });
    }
  }
  return (['websocket', 'graphql-sse'] as const).map((door) =>
    toRow({
      part: 'idle',
      name: `memory per ${DOORS[door]}, ${count} open`,
      unit: 'KiB',
      samples: samples[door],
      budget: { limit: 30 },
    }),
  );
};

/** On a server of its own, so that no round finds what another left. */
async function kibibytesEach(bench: Bench, dataDir: string, door: IdleJob['door'], ids: string[]): Promise<number> {
  const milepost = await startMilepost({ ...bench, dataDir });
  const job = { kind: 'idle', door, url: milepost.url, apiKey: API_KEY } as const;
  await open(bench, { ...job, conversationIds: ids.slice(0, FIRST) });
  await bench.load.release();
  const before = await settledBytes(milepost.pid);
  await open(bench, { ...job, conversationIds: ids });
  const after = await settledBytes(milepost.pid);
  await bench.load.release();
  await milepost.stop();
  return (after - before) / ids.length / 1024;
}

async function open({ load }: Bench, job: IdleJob): Promise<void> {
  await load.prepare(job);
  const { errors, complaints } = await load.run<IdleResult>();
  if (errors > 0) throw new Error(`${errors} subscriptions failed: ${complaints.join('; ')}`);
}

/** Resident memory once it has stopped changing for two seconds, after fifteen at the latest. */
async function settledBytes(pid: number): Promise<number> {
  let last = residentBytes(pid);
  for (let waited = 0, still = 0; still < 2000 && waited < 15_000; waited += 500) {
    await pause(500);
    const now = residentBytes(pid);
    still = Math.abs(now - last) < 512 * 1024 ? still + 500 : 0;
    last = now;
  }
  return last;
}

/** Node raises its own limit to the hard one. */
function openFilesLimit(): number {
  if (process.platform === 'win32') return Number.POSITIVE_INFINITY;
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn']).toString().trim();
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit);
}
