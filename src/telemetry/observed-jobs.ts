import type { JobHandler, JobLane } from '../database/job-queue.ts';
import { inScope } from './scope.ts';
import type { Telemetry } from './telemetry.ts';

/** The same lanes, every attempt at a job with a trace of its own and in the figures. */
export function observeJobs(lanes: JobLane[], telemetry: Telemetry): JobLane[] {
  return lanes.map((lane) => ({
    ...lane,
    handlers: Object.fromEntries(
      Object.entries(lane.handlers).map(([name, handle]) => [name, observed(name, handle, telemetry)]),
    ),
  }));
}

function observed(name: string, handle: JobHandler, { metrics, tracer }: Telemetry): JobHandler {
  return async (job) => {
    const delaySeconds = Math.max(0, Date.now() - job.dueAt.getTime()) / 1000;
    const span = inScope({}, () => tracer.span(`job ${name}`));
    let outcome: 'done' | 'failed' = 'failed';
    try {
      await inScope({ trace: span.context }, () => handle(job));
      outcome = 'done';
    } catch (error) {
      span.fail(error instanceof Error ? error.name : 'Error');
      throw error;
    } finally {
      span.end();
      metrics.jobEnded({ name, outcome, delaySeconds });
    }
  };
}
