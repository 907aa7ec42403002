// The load client, a process of its own: takes orders from its parent, one job at a time.
import { prepareIdle } from './load/idle.ts';
import type { Job, Order, Report } from './load/job.ts';
import { prepareRequests } from './load/requests.ts';
import { prepareTurns } from './load/turns.ts';

interface Prepared {
  run(): Promise<unknown>;
  release(): void;
}

let prepared: Prepared | null = null;

async function prepare(job: Job): Promise<Prepared> {
  if (job.kind === 'turns') return prepareTurns(job);
  return job.kind === 'idle' ? prepareIdle(job) : prepareRequests(job);
}

async function obey(order: Order): Promise<Report> {
  if (order.order === 'prepare') prepared = await prepare(order.job);
  else if (order.order === 'run') return { result: await prepared?.run() };
  else prepared?.release();
  return { ready: true };
}

process.on('message', (order: Order) => {
  obey(order)
    .catch((error: Error): Report => ({ failure: error.message }))
    .then((report) => process.send?.(report));
});
process.on('disconnect', () => process.exit());
process.send?.({ ready: true } satisfies Report);
