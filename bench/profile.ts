// Reads a CPU profile (`--profile` writes them) and prints where the time goes: `node bench/profile.ts <file> [lines]`.
import { readFileSync } from 'node:fs';

interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number }; children?: number[] }[];
  samples: number[];
  timeDeltas: number[];
}

const [, , file = '', lines = '40'] = process.argv;
const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8')) as Profile;

const selfMicroseconds = new Map<number, number>();
samples.forEach((id, index) => {
  selfMicroseconds.set(id, (selfMicroseconds.get(id) ?? 0) + (timeDeltas[index] ?? 0));
});
const byId = new Map(nodes.map((node) => [node.id, node]));
const idle = nodes
  .filter(({ callFrame }) => callFrame.functionName === '(idle)')
  .reduce((sum, { id }) => sum + (selfMicroseconds.get(id) ?? 0), 0);
const busy = [...selfMicroseconds.values()].reduce((sum, time) => sum + time, 0) - idle;

/** A package, a file of ours, or a part of Node. */
function ownerOf(url: string): string {
  const packages = url.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/g);
  if (packages) return (packages.at(-1) as string).replace('node_modules/', '');
  if (url.startsWith('node:')) return url;
  return url.replace(/^.*\/(src\/)/, '$1') || '(native)';
}

/** Time in a function and in all it calls; recursion counts once. */
function totals(): Map<string, number> {
  const sums = new Map<string, number>();
  const visit = (id: number, above: ReadonlySet<string>): number => {
    const node = byId.get(id);
    if (!node) return 0;
    const name = nameOf(node);
    const within = above.has(name) ? above : new Set([...above, name]);
    const time = (node.children ?? []).reduce(
      (sum, child) => sum + visit(child, within),
      selfMicroseconds.get(id) ?? 0,
    );
    if (within !== above) sums.set(name, (sums.get(name) ?? 0) + time);
    return time;
  };
  visit(nodes[0]?.id ?? 0, new Set());
  return sums;
}

function nameOf({ callFrame }: Profile['nodes'][number]): string {
  const { functionName, url, lineNumber } = callFrame;
  return `${functionName || '(anonymous)'}  ${ownerOf(url)}:${lineNumber + 1}`;
}

function print(title: string, sums: Map<string, number>): void {
  console.log(`\n${title}, of ${(busy / 1e6).toFixed(1)} s of work`);
  const sorted = [...sums].toSorted(([, one], [, other]) => other - one).slice(0, Number(lines));
  for (const [name, time] of sorted) console.log(`${((100 * time) / busy).toFixed(1).padStart(6)} %  ${name}`);
}

function add(sums: Map<string, number>, name: string, time: number): void {
  if (!name.startsWith('(idle)')) sums.set(name, (sums.get(name) ?? 0) + time);
}

const byFunction = new Map<string, number>();
const byOwner = new Map<string, number>();
for (const node of nodes) {
  const time = selfMicroseconds.get(node.id) ?? 0;
  add(byFunction, nameOf(node), time);
  const { functionName, url } = node.callFrame;
  add(byOwner, url === '' ? functionName : ownerOf(url), time);
}
print('By package or file', byOwner);
print('By function', byFunction);
print('By function with what it calls', totals());
