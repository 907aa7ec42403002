// The benchmarks: `npm run bench`, `npm run bench -- --only tokens,turns --rounds 5`. See docs/benchmarks.md.
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Part } from './part.ts';
import { startLoad, startUpstream } from './participants.ts';
import { growth } from './parts/growth.ts';
import { idle } from './parts/idle.ts';
import { processes } from './parts/processes.ts';
import { reads } from './parts/reads.ts';
import { start } from './parts/start.ts';
import { tokens } from './parts/tokens.ts';
import { turns } from './parts/turns.ts';
import { progress } from './progress.ts';
import type { Row } from './rows.ts';
import { formatTable } from './table.ts';

const PARTS: Record<string, Part> = { tokens, turns, reads, idle, growth, processes, start };
const RESULTS = join(import.meta.dirname, 'results');

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    profile: { type: 'boolean', default: false },
  },
});
const chosen = options.only?.split(',') ?? Object.keys(PARTS);
const rounds = Number(options.rounds);
const unknown = chosen.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1) {
  console.error(`Usage: npm run bench -- [--only ${Object.keys(PARTS).join(',')}] [--rounds N] [--profile]`);
  process.exit(2);
}

await mkdir(RESULTS, { recursive: true });
const startedAt = new Date();
const [upstream, load] = await Promise.all([startUpstream(), startLoad()]);
const rows: Row[] = [];
for (const name of chosen) {
  progress(`${name}: starts`);
  const part = PARTS[name] as Part;
  rows.push(...(await part({ upstream, load, rounds, profileDir: options.profile ? RESULTS : undefined })));
}
await Promise.all([upstream.stop(), load.stop()]);

const machine = {
  cpus: cpus().length,
  model: cpus()[0]?.model,
  memoryBytes: totalmem(),
  platform: process.platform,
  node: process.version,
};
const seconds = (Date.now() - startedAt.getTime()) / 1000;
await writeFile(
  join(RESULTS, 'latest.json'),
  `${JSON.stringify({ startedAt, seconds, rounds, machine, rows }, null, 2)}\n`,
);
console.log(formatTable(rows));
process.exit(0);
