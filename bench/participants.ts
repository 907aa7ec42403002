import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import packageJson from '../package.json' with { type: 'json' };
import type { Job, Order, Report } from './load/job.ts';

const ROOT = join(import.meta.dirname, '..');
/** What `npm start` gives to node. */
const START = packageJson.scripts.start.replace(/^exec node /, '').split(' ');
/** Longer than a first start with its initdb takes on a busy machine. */
const START_TIMEOUT_MS = 60_000;

/** The first API key of every Milepost that is started here. */
export const API_KEY = 'mp_bench_0123456789abcdef0123456789abcdef';

/** A server under measurement or beside it. */
export interface Participant {
  name: string;
  pid: number;
  url: string;
  stop(): Promise<void>;
}

const children = new Set<ChildProcess>();
const folders = new Set<string>();

// Whatever ends this process: nothing of it may stay behind.
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void giveUp());
process.on('uncaughtException', (error) => {
  if (!givingUp) console.error(error);
  void giveUp();
});

let givingUp = false;

/** Lets the servers stop by themselves: PostgreSQL writes to its folder until its end. */
async function giveUp(): Promise<void> {
  if (givingUp) return;
  givingUp = true;
  await Promise.all([...children].map(end));
  process.exit(1);
}

/** A temporary folder that goes with this process. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'milepost-bench-'));
  folders.add(folder);
  return folder;
}

export const startUpstream = () => startFork('upstream');
export const startPipe = (upstream: Participant) => startFork('pipe', upstream.url);
export const startFloor = (upstream: Participant) =>
  startFork('floor', upstream.url, join(makeFolder(), 'floor.sqlite'));

async function startFork(name: string, ...args: string[]): Promise<Participant> {
  const child = follow(fork(join(import.meta.dirname, `${name}.ts`), args));
  const { url } = await told<{ url: string }>(child, name);
  return { name, pid: child.pid as number, url, stop: () => end(child) };
}

export interface MilepostOptions {
  upstream: Participant;
  /** Where its data is; by default a new folder, so that it begins empty. */
  dataDir?: string;
  /** Where to write a CPU profile of its whole life. */
  profileDir?: string | undefined;
  /** Further variables. */
  environment?: Record<string, string>;
}

/** Milepost itself as `npm start` runs it, on a free port. */
export async function startMilepost({
  upstream,
  dataDir = makeFolder(),
  profileDir,
  environment = {},
}: MilepostOptions): Promise<Participant & { dataDir: string }> {
  const { PATH, HOME, TMPDIR } = process.env;
  const env = {
    ...{ PATH, HOME, TMPDIR, PORT: '0', LOG_LEVEL: 'warn', SHUTDOWN_GRACE_MS: '1000' },
    ...{
      MILEPOST_DATA_DIR: dataDir,
      MILEPOST_API_KEY: API_KEY,
      OPENAI_API_KEY: 'sk-bench',
      OPENAI_BASE_URL: `${upstream.url}/v1`,
    },
    ...environment,
  };
  const profiling = profileDir ? ['--cpu-prof', `--cpu-prof-dir=${profileDir}`] : [];
  const options = { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'] };
  const child = follow(spawn(process.execPath, [...profiling, ...START], options));
  // What it says while it is being stopped is no news; before that, the beginning of a line is enough.
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (!child.killed) process.stderr.write(`${text.slice(0, 300).trimEnd()}\n`);
  });
  const url = await withTimeout(readAddress(child), child, 'milepost');
  return { name: 'milepost', pid: child.pid as number, url, dataDir, stop: () => end(child) };
}

/** The server's own welcome says where it listens. */
function readAddress(child: ChildProcess): Promise<string> {
  let output = '';
  return new Promise((resolve) => {
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      output += piece;
      const url = /REST\s+(http:\S+)/.exec(output)?.[1];
      if (url) resolve(url);
    });
  });
}

/** The load client. */
export interface Load {
  /** Makes everything ready for a job. */
  prepare(job: Job): Promise<void>;
  run<Result>(): Promise<Result>;
  release(): Promise<void>;
  stop(): Promise<void>;
}

export async function startLoad(): Promise<Load> {
  const child = follow(fork(join(import.meta.dirname, 'load.ts')));
  await told(child, 'load');
  const order = async (given: Order) => {
    const report = once<Report>(child, 'load');
    child.send(given);
    const answer = await report;
    if ('failure' in answer) throw new Error(`The load client failed: ${answer.failure}`);
    return answer;
  };
  return {
    prepare: async (job) => void (await order({ order: 'prepare', job })),
    run: async <Result>() => ((await order({ order: 'run' })) as { result: unknown }).result as Result,
    release: async () => void (await order({ order: 'release' })),
    stop: () => end(child),
  };
}

function follow<Child extends ChildProcess>(child: Child): Child {
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

function told<Message>(child: ChildProcess, name: string): Promise<Message> {
  return withTimeout(once<Message>(child, name), child, name);
}

function once<Message>(child: ChildProcess, name: string): Promise<Message> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`${name} ended with ${code}`));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message as Message);
    });
  });
}

async function withTimeout<Value>(value: Promise<Value>, child: ChildProcess, name: string): Promise<Value> {
  const waiting = new AbortController();
  const late = pause(START_TIMEOUT_MS, undefined, { signal: waiting.signal }).then(() => {
    throw new Error(`${name} did not start in ${START_TIMEOUT_MS} ms`);
  });
  const ended = new Promise<never>((_resolve, reject) =>
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code} at its start`))),
  );
  late.catch(() => {});
  ended.catch(() => {});
  try {
    return await Promise.race([value, late, ended]);
  } finally {
    waiting.abort();
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  await exited;
}
