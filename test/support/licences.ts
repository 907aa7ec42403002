import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

interface LockedPackage {
  version: string;
  license?: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

export interface Licensed {
  name: string;
  version: string;
  licence: string;
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const locked: Record<string, LockedPackage> = JSON.parse(
  readFileSync(join(ROOT, 'package-lock.json'), 'utf8'),
).packages;

/** What the server depends on, by name; `optional` is what is installed only where it fits. */
export const dependencies: { production: string[]; optional: string[] } = {
  production: Object.keys(manifest.dependencies),
  optional: Object.keys(manifest.optionalDependencies),
};

/** These packages and all that they need, with the licence that each names in the lock file. */
export function licensesBehind(names: string[]): Licensed[] {
  const places = new Set<string>();
  for (const name of names) reach(name, '', places);
  return Array.from(places, (place) => {
    const { version, license = 'none' } = locked[place] as LockedPackage;
    return { name: nameOf(place), version, licence: license };
  }).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function reach(name: string, from: string, places: Set<string>): void {
  const place = resolve(name, from);
  if (!place || places.has(place)) return;
  places.add(place);
  const { peerDependenciesMeta = {}, ...of } = locked[place] as LockedPackage;
  const peers = Object.keys(of.peerDependencies ?? {}).filter((peer) => !peerDependenciesMeta[peer]?.optional);
  for (const needed of [...Object.keys({ ...of.dependencies, ...of.optionalDependencies }), ...peers])
    reach(needed, place, places);
}

/** Where Node finds a package from a place in the tree: there, or further out. */
function resolve(name: string, from: string): string | undefined {
  for (let around = from; ; around = around.slice(0, Math.max(around.lastIndexOf('/node_modules/'), 0))) {
    const place = `${around ? `${around}/` : ''}node_modules/${name}`;
    if (place in locked) return place;
    if (around === '') return undefined;
  }
}

function nameOf(place: string): string {
  return place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

if (import.meta.main) {
  for (const { name, version, licence } of licensesBehind([...dependencies.production, ...dependencies.optional]))
    console.log(`${licence.padEnd(14)} ${name}@${version}`);
}
