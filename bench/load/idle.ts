import type { IncomingMessage } from 'node:http';
import { Complaints } from './complaints.ts';
import { CONVERSATION_EVENTS } from './documents.ts';
import { send } from './http.ts';
import type { IdleJob, IdleResult } from './job.ts';
import { Socket } from './socket.ts';

const OPENING_AT_ONCE = 32;

/** Opens a subscription for each conversation, waits for its snapshot, and holds it until released. */
export function prepareIdle(job: IdleJob): { run(): Promise<IdleResult>; release(): void } {
  const open: { close(): void }[] = [];
  const tally = new Complaints();
  const run = async () => {
    const left = job.conversationIds.values();
    const worker = async () => {
      for (const id of left) {
        await subscribe(job, id).then(
          (held) => open.push(held),
          (error) => tally.add(error),
        );
      }
    };
    await Promise.all(Array.from({ length: OPENING_AT_ONCE }, worker));
    return { open: open.length, errors: tally.errors, complaints: tally.complaints };
  };
  const release = () => {
    for (const held of open.splice(0)) held.close();
  };
  return { run, release };
}

async function subscribe({ door, url, apiKey }: IdleJob, conversation: string): Promise<{ close(): void }> {
  if (door === 'graphql-sse') return subscribeBySse({ url, apiKey }, conversation);
  const socket = await Socket.open(url, apiKey);
  await new Promise<void>((resolve, reject) => {
    const told = ({ data }: { data?: unknown }) =>
      data ? resolve() : reject(new Error('The subscription was refused'));
    socket.run(CONVERSATION_EVENTS, { conversation }, told).catch(reject);
  });
  return socket;
}

async function subscribeBySse(
  { url, apiKey }: Pick<IdleJob, 'url' | 'apiKey'>,
  conversation: string,
): Promise<{ close(): void }> {
  const headers = { authorization: `Bearer ${apiKey}`, accept: 'text/event-stream' };
  const body = JSON.stringify({ query: CONVERSATION_EVENTS, variables: { conversation } });
  const answer = await send(`${url}/graphql`, { method: 'POST', headers, body });
  await firstBytes(answer);
  answer.resume();
  return { close: () => answer.destroy() };
}

function firstBytes(answer: IncomingMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    answer.once('data', () => resolve());
    answer.once('end', () => reject(new Error('The stream has ended')));
    answer.on('error', reject);
  });
}
