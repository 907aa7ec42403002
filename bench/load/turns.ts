import { setTimeout as pause } from 'node:timers/promises';
import { Complaints } from './complaints.ts';
import { send } from './http.ts';
import type { TurnsJob, TurnsResult } from './job.ts';
import { percentile } from './percentile.ts';
import { openTalker, type Talker } from './talkers.ts';

const PREPARING_AT_ONCE = 16;

/** Makes the identities and opens the connections; returns what runs the turns. */
export async function prepareTurns(job: TurnsJob): Promise<{ run(): Promise<TurnsResult>; release(): void }> {
  const conversations = Math.ceil(job.turnsPerStream / job.turnsPerConversation);
  const names = Array.from({ length: job.streams }, (_, stream) =>
    Array.from({ length: conversations }, (_, index) => `${job.identityPrefix}-${stream}-${index}`),
  );
  if (job.createIdentities) await atOnce(names.flat(), (name) => createIdentity(job, name));
  const talkers: Talker[] = [];
  await atOnce(names, async () => {
    talkers.push(await openTalker(job.door, job, job.channel));
  });
  return {
    run: () => run(job, names, talkers),
    release: () => {
      for (const talker of talkers) talker.close?.();
    },
  };
}

async function createIdentity({ url, apiKey }: TurnsJob, name: string): Promise<void> {
  const body = JSON.stringify({ name: 'Ada', email: `${name}@example.com`, metadata: { plan: 'pro' } });
  const answer = await send(`${url}/identity/${name}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${apiKey}` },
    body,
  });
  answer.resume();
}

async function run(job: TurnsJob, names: string[][], talkers: Talker[]): Promise<TurnsResult> {
  const tally = new Complaints();
  const firstTokenMs: number[] = [];
  const turnMs: number[] = [];
  let tokens = 0;

  const takeTurn = async (talker: Talker, identity: string, text: string) => {
    const begin = performance.now();
    let heard = 0;
    await talker.say(identity, text, (piece) => {
      if (heard === 0 && piece !== '') firstTokenMs.push(performance.now() - begin);
      heard += countTokens(piece);
    });
    turnMs.push(performance.now() - begin);
    tokens += heard;
    if (heard !== job.tokens) throw new Error(`${heard} tokens instead of ${job.tokens}`);
  };
  const stream = async (talker: Talker, index: number) => {
    if (job.rampMs > 0) await pause((index * job.rampMs) / job.streams);
    for (let turn = 0; turn < job.turnsPerStream; turn += 1) {
      const identity = names[index]?.[Math.floor(turn / job.turnsPerConversation)] as string;
      await takeTurn(talker, identity, `Question ${turn + 1}: where does the journey go from here?`).catch((error) =>
        tally.add(error),
      );
    }
  };

  const begin = performance.now();
  await Promise.all(talkers.map(stream));
  const seconds = (performance.now() - begin) / 1000;
  const spread = (values: number[]) => ({ p50: percentile(values, 0.5), p99: percentile(values, 0.99) });
  const { errors, complaints } = tally;
  return {
    turns: turnMs.length,
    tokens,
    errors,
    complaints,
    seconds,
    firstTokenMs: spread(firstTokenMs),
    turnMs: spread(turnMs),
  };
}

/** Each token of the upstream begins with the only space it has. */
function countTokens(text: string): number {
  let count = 0;
  for (let at = text.indexOf(' '); at !== -1; at = text.indexOf(' ', at + 1)) count += 1;
  return count;
}

async function atOnce<Item>(items: Item[], act: (item: Item) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await act(item);
  };
  await Promise.all(Array.from({ length: PREPARING_AT_ONCE }, worker));
}
