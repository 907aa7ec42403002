import { builtinModules } from 'node:module';
import { describe, expect, it } from 'vitest';
import { sourceFiles } from '../support/imports.ts';
import { dependencies, licensesBehind } from '../support/licences.ts';

/** They ask for the notice to be kept, and for nothing else. */
const PERMISSIVE = new Set([
  ...['0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'BSD-3-Clause', 'CC0-1.0', 'ISC', 'MIT', 'Unlicense'],
  ...['MIT and ISC', 'PostgreSQL', 'Python-2.0'],
]);

/** What no file of the server imports, and why it is there all the same. */
const TOOLS: Record<string, string> = {
  node: 'runs everything, whatever the machine has',
  prisma: 'generates the client when Milepost is installed',
  vite: 'builds the console when Milepost is installed',
};
/**
 * Parts of those tools, by their licence: it binds whoever passes on changed files of them. They are not changed, not passed on,
 * and not loaded by the server.
 */
const WEAK_COPYLEFT: Record<string, RegExp> = { 'MPL-2.0': /^lightningcss/, 'EPL-2.0': /^elkjs$/ };

const used = sourceFiles()
  // Run by hand, after a change of the schema.
  .filter(({ path }) => path !== 'console/schema-types.ts')
  .flatMap(({ imports }) => imports.filter(({ ours, typeOnly }) => !ours && !typeOnly));
const imported = new Set(used.map(({ to }) => packageOf(to)));
/** Generated code is not read here. */
const BEHIND_GENERATED = ['@prisma/client'];

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

describe('a dependency', () => {
  it('is imported, or a tool', () => {
    const idle = dependencies.production.filter(
      (name) => !imported.has(name) && !BEHIND_GENERATED.includes(name) && !(name in TOOLS),
    );
    expect(idle).toEqual([]);
  });

  it('is declared when it is imported', () => {
    const builtin = new Set(builtinModules);
    const outside = [...imported].filter((name) => !name.startsWith('node:') && !builtin.has(name));
    expect(outside.filter((name) => !dependencies.production.includes(name))).toEqual([]);
  });

  it('of the server, and all behind it, has a permissive licence', () => {
    const running = dependencies.production.filter((name) => !(name in TOOLS));
    const others = licensesBehind([...running, ...dependencies.optional]).filter(
      ({ licence }) => !PERMISSIVE.has(licence),
    );
    expect(others).toEqual([]);
  });

  it('of a tool has one too, but for what is known', () => {
    const others = licensesBehind(Object.keys(TOOLS)).filter(
      ({ name, licence }) => !PERMISSIVE.has(licence) && !WEAK_COPYLEFT[licence]?.test(name),
    );
    expect(others).toEqual([]);
  });

  it('is found by the reader of this test', () => {
    expect(licensesBehind(dependencies.production).length).toBeGreaterThan(100);
  });
});
