import { text } from 'node:stream/consumers';
import { Complaints } from './complaints.ts';
import { send } from './http.ts';
import type { RequestsJob, RequestsResult } from './job.ts';
import { percentile } from './percentile.ts';

/** A slow request is not repeated longer than this, but at least so often. */
const ENOUGH_MS = 1000;
const FEWEST = 5;

/** Sends one request again and again, each when the last has been answered, and takes the times. */
export function prepareRequests(job: RequestsJob): { run(): Promise<RequestsResult>; release(): void } {
  const run = async () => {
    const times: number[] = [];
    const tally = new Complaints();
    const end = performance.now() + ENOUGH_MS;
    for (let count = 0; count < job.repeat && (count < FEWEST || performance.now() < end); count += 1) {
      const begin = performance.now();
      await request(job).catch((error) => tally.add(error));
      times.push(performance.now() - begin);
    }
    return {
      p50: percentile(times, 0.5),
      p99: percentile(times, 0.99),
      errors: tally.errors,
      complaints: tally.complaints,
    };
  };
  return { run, release: () => {} };
}

async function request({ url, apiKey, method, path, body }: RequestsJob): Promise<void> {
  const answer = await send(url + path, { method, headers: { authorization: `Bearer ${apiKey}` }, body });
  const words = await text(answer);
  // GraphQL answers 200 also when it refuses.
  if (words.includes('"errors":')) throw new Error(words.slice(0, 300));
}
