import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FEATURES, LIKE, MAY_IMPORT, ONLY_IN, PURE } from '../support/architecture.ts';
import { type Import, type SourceFile, sourceFiles } from '../support/imports.ts';

const MAX_LINES = 250;
const MAX_TEST_LINES = 300;

const files = sourceFiles();
const imports = files.flatMap((file) => file.imports);
const byPath = new Map(files.map((file) => [file.path, file]));

/** What a file is to the table: its own name if that has a row, its role in a feature, or else its folder. */
function kindOf(path: string): string {
  const [folder = '', name] = path.split('/');
  if (path in MAY_IMPORT || name === undefined) return path;
  if (!FEATURES.includes(folder)) return folder;
  if (name === 'model.ts' || name === 'operations.ts') return name.replace('.ts', '');
  return /^(?:.+[.-])?(graphql|rest)\.ts$/.exec(name)?.[1] ?? 'mechanism';
}

/** The same as the imported side of the table words it. */
function targetOf({ from, to }: Import): string[] {
  const kind = kindOf(to);
  const [importer, imported] = [from, to].map((path) => FEATURES.indexOf(path.split('/')[0] as string)) as [
    number,
    number,
  ];
  if (imported === -1 || importer === -1) return [kind, 'anything'];
  if (importer === imported) return [`own ${kind}`];
  return [imported < importer ? `earlier ${kind}` : `later ${kind}`];
}

function isAllowed(one: Import): boolean {
  const kind = kindOf(one.from);
  const allowed = MAY_IMPORT[kind] ?? MAY_IMPORT[LIKE[kind] ?? ''] ?? [];
  return targetOf(one).some((target) => allowed.includes(target));
}

const words = ({ from, to }: Import) => `${from} → ${to}`;

describe('imports', () => {
  it('are found by the reader of this test', () => {
    expect(imports.length).toBeGreaterThan(files.length * 2);
    const ours = imports.filter(({ ours, to }) => ours && !to.startsWith('generated/'));
    expect(ours.filter(({ to }) => !byPath.has(to)).map(words)).toEqual([]);
  });

  it('point inwards, as the table has it', () => {
    expect(imports.filter((one) => one.ours && !isAllowed(one)).map(words)).toEqual([]);
  });

  it('of context.ts are types', () => {
    expect(imports.filter(({ from, typeOnly }) => from === 'context.ts' && !typeOnly).map(words)).toEqual([]);
  });

  it('of a package stand where it belongs', () => {
    const strayed = imports.filter(({ from, to, ours }) => {
      const home = ONLY_IN[to] ?? ONLY_IN[to.split('/')[0] as string];
      return !ours && home && !home.test(from);
    });
    expect(strayed.map(words)).toEqual([]);
  });

  it('of a model reach nothing that reads or writes', () => {
    const models = files.filter(({ path }) => kindOf(path) === 'model');
    const reached = models.flatMap((model) =>
      [...reachedBy(model)].filter((to) => !PURE.includes(to)).map((to) => `${model.path} → ${to}`),
    );
    expect(reached).toEqual([]);
  });

  it('make no circle once the types are stripped', () => {
    expect(files.map((file) => circleThrough(file, [file.path])).filter((circle) => circle !== null)).toEqual([]);
  });

  it('name files with their ending', () => {
    expect(imports.filter(({ ours, to }) => ours && !/\.tsx?$/.test(to)).map(words)).toEqual([]);
  });
});

describe('files', () => {
  it('belong to something the product talks about', () => {
    expect(
      files.filter(({ path }) => !(kindOf(path) in MAY_IMPORT) && !(kindOf(path) in LIKE)).map(({ path }) => path),
    ).toEqual([]);
    const vague = /(^|[/.-])(utils?|helpers?|common|misc|manager|service|index)[.-]/;
    expect(files.filter(({ path }) => vague.test(path)).map(({ path }) => path)).toEqual([]);
    expect(files.filter(({ path }) => !/^[a-z0-9./-]+$/.test(path)).map(({ path }) => path)).toEqual([]);
  });

  it('read the environment in config.ts only', () => {
    expect(files.filter(({ text }) => /process\.env\b/.test(text)).map(({ path }) => path)).toEqual(['config.ts']);
  });

  it('of a feature know nothing of HTTP behind their doors', () => {
    const inside = files.filter(({ path }) => ['model', 'operations', 'mechanism'].includes(kindOf(path)));
    const speaking = inside.filter(({ text }) =>
      /(?<![\w.'"`])(Request|Response|Headers)\b(?!['"`])/.test(withoutComments(text)),
    );
    expect(speaking.map(({ path }) => path)).toEqual([]);
  });

  it('export by name', () => {
    expect(files.filter(({ text }) => /^export default/m.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it(`have at most ${MAX_LINES} lines, tests ${MAX_TEST_LINES}`, () => {
    const tests = globSync('**/*.ts', { cwd: join(import.meta.dirname, '..') }).map((path) => {
      return { path: `test/${path}`, text: readFileSync(join(import.meta.dirname, '..', path), 'utf8') };
    });
    const lines = (text: string) => text.trimEnd().split('\n').length;
    const long = [
      ...files.filter(({ text }) => lines(text) > MAX_LINES),
      ...tests.filter(({ text }) => lines(text) > MAX_TEST_LINES),
    ];
    expect(long.map(({ path, text }) => `${path}: ${lines(text)}`)).toEqual([]);
  });
});

/** The packages and generated files that a file needs at run time, through all files of ours. */
function reachedBy(start: SourceFile): Set<string> {
  const outside = new Set<string>();
  const seen = new Set<string>();
  const visit = (file: SourceFile | undefined) => {
    if (!file || seen.has(file.path)) return;
    seen.add(file.path);
    for (const { to, ours, typeOnly } of file.imports) {
      if (typeOnly) continue;
      if (ours && byPath.has(to)) visit(byPath.get(to));
      else outside.add(to);
    }
  };
  visit(start);
  return outside;
}

/** A way from a file back to itself; null when there is none. */
function circleThrough(start: SourceFile, way: string[], seen = new Set<string>()): string | null {
  const last = byPath.get(way.at(-1) as string);
  for (const { to, typeOnly } of last?.imports ?? []) {
    if (typeOnly) continue;
    if (to === start.path) return [...way, to].join(' → ');
    if (seen.has(to)) continue;
    seen.add(to);
    const circle = circleThrough(start, [...way, to], seen);
    if (circle) return circle;
  }
  return null;
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
}
