import type { TurnsJob, TurnsResult } from './load/job.ts';
import { API_KEY, type Load, type Participant } from './participants.ts';
import { cpuSeconds, descendantsCpuSeconds } from './process-usage.ts';
import { progress } from './progress.ts';

/** What a load did to a server. */
export interface Measured extends TurnsResult {
  /** CPU of the server process alone, in microseconds per relayed token. */
  cpuPerToken: number;
  /** The same in milliseconds per turn. */
  cpuPerTurn: number;
  turnsPerSecond: number;
  /** CPU of what the server has started, which is PostgreSQL, in milliseconds per turn. */
  databaseCpuPerTurn: number;
}

/** A load without the things that are the same for all. */
export type TurnsLoad = Omit<TurnsJob, 'kind' | 'url' | 'apiKey' | 'createIdentities' | 'identityPrefix'>;

let loads = 0;

/** Puts a load on a server and takes its CPU over it, whole turns with all they do; preparations are not counted. */
export async function measureTurns(load: Load, server: Participant, job: TurnsLoad): Promise<Measured> {
  loads += 1;
  const createIdentities = server.name === 'milepost';
  await load.prepare({
    ...job,
    kind: 'turns',
    url: server.url,
    apiKey: API_KEY,
    createIdentities,
    identityPrefix: `b${loads}`,
  });
  const before = { cpu: cpuSeconds(server.pid), database: descendantsCpuSeconds(server.pid) };
  const result = await load.run<TurnsResult>();
  const cpu = cpuSeconds(server.pid) - before.cpu;
  const databaseCpu = descendantsCpuSeconds(server.pid) - before.database;
  await load.release();
  const { turns, tokens, seconds, errors, complaints } = result;
  if (errors > 0) throw new Error(`${errors} of ${turns} turns failed: ${complaints.join('; ')}`);
  const measured = {
    ...result,
    cpuPerToken: (cpu * 1e6) / tokens,
    cpuPerTurn: (cpu * 1e3) / turns,
    turnsPerSecond: turns / seconds,
    databaseCpuPerTurn: (databaseCpu * 1e3) / turns,
  };
  progress(describe(server.name, job, measured));
  return measured;
}

function describe(server: string, { door, streams }: TurnsLoad, measured: Measured): string {
  const { cpuPerToken, cpuPerTurn, databaseCpuPerTurn, turnsPerSecond, firstTokenMs } = measured;
  const cpu = `${cpuPerToken.toFixed(1)} µs per token, ${cpuPerTurn.toFixed(2)} (+ ${databaseCpuPerTurn.toFixed(2)}) ms per turn`;
  return `  ${server} ${door}, ${streams} streams: ${cpu}, ${turnsPerSecond.toFixed(0)} turns/s, first token ${firstTokenMs.p50.toFixed(1)} ms`;
}
