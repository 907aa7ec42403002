import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** What the operating system says about a process. */
interface ProcessUsage {
  pid: number;
  parentPid: number;
  /** User and system time since its start. */
  cpuSeconds: number;
  /** The same of its children that have ended. */
  endedCpuSeconds: number;
  residentBytes: number;
}

const LINUX = process.platform === 'linux';
const TICKS = LINUX ? Number(execFileSync('getconf', ['CLK_TCK'])) : 1;
const PAGE_BYTES = LINUX ? Number(execFileSync('getconf', ['PAGESIZE'])) : 1;

/** CPU of one process so far, in seconds; its children do not count. */
export function cpuSeconds(pid: number): number {
  return usageOf(pid)?.cpuSeconds ?? 0;
}

/** Memory of one process that is in RAM, in bytes. */
export function residentBytes(pid: number): number {
  return usageOf(pid)?.residentBytes ?? 0;
}

/** CPU so far of everything a process has started, in seconds: for the server that is its PostgreSQL. */
export function descendantsCpuSeconds(pid: number): number {
  const children = Map.groupBy(listProcesses(), ({ parentPid }) => parentPid);
  const total = (parent: number): number =>
    (children.get(parent) ?? []).reduce(
      (sum, child) => sum + child.cpuSeconds + child.endedCpuSeconds + total(child.pid),
      0,
    );
  return total(pid);
}

function usageOf(pid: number): ProcessUsage | undefined {
  return LINUX ? readStat(pid) : listByPs(['-p', String(pid)])[0];
}

function listProcesses(): ProcessUsage[] {
  if (!LINUX) return listByPs(['-A']);
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => readStat(Number(pid))).filter((usage) => usage !== undefined);
}

/** See proc_pid_stat(5); the name in brackets may hold anything, so fields are counted from behind it. */
function readStat(pid: number): ProcessUsage | undefined {
  let line: string;
  try {
    line = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  const fields = line
    .slice(line.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [parentPid = 0, user = 0, system = 0, endedUser = 0, endedSystem = 0, pages = 0] = [1, 11, 12, 13, 14, 21].map(
    (index) => fields[index],
  );
  return {
    pid,
    parentPid,
    cpuSeconds: (user + system) / TICKS,
    endedCpuSeconds: (endedUser + endedSystem) / TICKS,
    residentBytes: pages * PAGE_BYTES,
  };
}

function listByPs(selection: string[]): ProcessUsage[] {
  const lines = execFileSync('ps', [...selection, '-o', 'pid=,ppid=,rss=,time='])
    .toString()
    .trim()
    .split('\n');
  return lines.map((line) => {
    const [pid, parentPid, kilobytes, time = '0'] = line.trim().split(/\s+/);
    // [[hours:]minutes:]seconds
    const seconds = time.split(/[:-]/).reduce((sum, part) => sum * 60 + Number(part), 0);
    return {
      pid: Number(pid),
      parentPid: Number(parentPid),
      cpuSeconds: seconds,
      endedCpuSeconds: 0,
      residentBytes: Number(kilobytes) * 1024,
    };
  });
}
