import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Import, type SourceFile, sourceFiles } from '../support/imports.ts';

/** Each may use those before it, never those after it. */
const FEATURES = [
  'workspaces',
  'assistants',
  'channels',
  'stages',
  'identities',
  'memory',
  'conversations',
  'turns',
  'journeys',
];

/**
 * What each kind of file may import of ours. A feature's files are its `model`, its `operations` and `mechanisms`, and
 * its doors `graphql` and `rest`; `own` are those of the same feature, `earlier` those of the features before it.
 */
const MAY_IMPORT: Record<string, string[]> = {
  'errors.ts': [],
  'ids.ts': [],
  'limits.ts': [],
  'config.ts': ['limits.ts'],
  'announcements.ts': [],
  'silence.ts': [],
  'input.ts': ['errors.ts', 'ids.ts', 'input-faults.ts', 'limits.ts'],
  'input-faults.ts': [],
  // Types only, see below.
  'context.ts': [
    'announcements.ts',
    'database',
    'generated',
    'model',
    'operations',
    'mechanism',
    'language-model/port.ts',
    'telemetry',
    'webhooks',
    'limits.ts',
  ],

  model: ['errors.ts', 'ids.ts', 'input.ts', 'own mechanism', 'earlier model'],
  operations: [
    ...['errors.ts', 'ids.ts', 'input.ts', 'context.ts', 'announcements.ts', 'generated', 'database'],
    ...['language-model/port.ts', 'limits.ts', 'telemetry', 'webhooks'],
    ...['own model', 'own operations', 'own mechanism', 'earlier model', 'earlier operations', 'earlier mechanism'],
  ],
  graphql: [
    ...[
      'errors.ts',
      'input.ts',
      'context.ts',
      'generated',
      'graphql/builder.ts',
      'graphql/errors.ts',
      'graphql/pages.ts',
    ],
    ...['own model', 'own operations', 'own mechanism', 'own graphql'],
    ...['earlier model', 'earlier operations', 'earlier mechanism', 'earlier graphql'],
  ],
  rest: [
    ...['errors.ts', 'input.ts', 'context.ts', 'generated', 'http/rest.ts', 'http/event-stream.ts'],
    ...['own model', 'own operations', 'own mechanism', 'own rest'],
    ...['earlier model', 'earlier operations', 'earlier mechanism', 'earlier rest'],
  ],

  'graphql/builder.ts': ['errors.ts', 'ids.ts', 'input.ts', 'context.ts', 'generated', 'graphql/pages.ts'],
  'graphql/cost.ts': ['graphql/pages.ts'],
  'graphql/errors.ts': ['errors.ts', 'graphql/builder.ts'],
  'graphql/pages.ts': ['errors.ts', 'input.ts', 'context.ts'],
  'graphql/relations.ts': ['ids.ts', 'mechanism'],
  'graphql/schema.ts': [
    'graphql/builder.ts',
    'graphql/cost.ts',
    'graphql/relations.ts',
    'graphql/errors.ts',
    'graphql',
  ],
  'graphql/print.ts': ['graphql/schema.ts'],
  'graphql/event-projection.ts': [],
  http: [
    ...[
      'errors.ts',
      'input.ts',
      'context.ts',
      'database',
      'limits.ts',
      'graphql/schema.ts',
      'graphql/cost.ts',
      'graphql/event-projection.ts',
      'readiness.ts',
      'telemetry',
    ],
    ...['http', 'http/authentication.ts', 'http/rest.ts', 'http/event-stream.ts', 'http/json-body.ts'],
  ],
  'http/authentication.ts': ['errors.ts', 'mechanism'],
  'http/rest.ts': ['errors.ts', 'input.ts', 'context.ts', 'http/event-stream.ts', 'http/json-body.ts'],
  'http/json-body.ts': ['errors.ts'],
  'http/event-stream.ts': ['silence.ts'],
  'http/rest-app.ts': [
    'errors.ts',
    'context.ts',
    'http',
    'http/authentication.ts',
    'http/rest.ts',
    'http/event-stream.ts',
    'readiness.ts',
    'telemetry',
    'rest',
    'mechanism',
  ],
  database: ['generated', 'database'],
  redis: ['announcements.ts', 'mechanism', 'redis'],
  'language-model': ['silence.ts', 'language-model', 'language-model/port.ts'],
  'language-model/port.ts': [],
  webhooks: ['webhooks'],
  // It wraps what it tells of, and knows it by its interface.
  telemetry: ['telemetry', 'config.ts', 'database', 'language-model/port.ts'],
  'readiness.ts': [],
  'secret.ts': [],
  transfer: ['transfer', 'config.ts', 'database', 'first-start.ts', 'telemetry'],

  // It knows the server by its public API only.
  console: ['console', 'generated/console/schema.d.ts'],
  'generated/console/schema.d.ts': [],

  'first-start.ts': ['ids.ts', 'generated', 'mechanism', 'demo.ts'],
  'demo.ts': ['ids.ts', 'generated'],
  'welcome.ts': ['config.ts', 'language-model/port.ts'],
  'app.ts': ['anything'],
  'main.ts': ['anything'],
  'admin.ts': ['anything'],
  'export.ts': ['anything'],
  'import.ts': ['anything'],
};

/** Mechanisms are operations that got a file of their own. */
const LIKE: Record<string, string> = { mechanism: 'operations' };

/** Packages that belong to one place. */
const ONLY_IN: Record<string, RegExp> = {
  openai: /^language-model\/openai\.ts$/,
  'eventsource-parser': /^language-model\//,
  'gpt-tokenizer': /^turns\/tokens\.ts$/,
  pg: /^(database|transfer)\//,
  'pg-copy-streams': /^transfer\//,
  ioredis: /^redis\//,
  'prom-client': /^telemetry\/prometheus\.ts$/,
  '@opentelemetry': /^telemetry\/opentelemetry\.ts$/,
  'graphile-worker': /^database\/job-queue\.ts$/,
  '@prisma': /^database\//,
  '@pothos': /^graphql\//,
  'graphql-scalars': /^graphql\//,
  graphql: /^(graphql|http)\/|^console\/schema-types\.ts$/,
  '@graphql-yoga': /^http\//,
  'graphql-yoga': /^http\//,
  'graphql-ws': /^(http\/(websocket|protocol-socket)|console\/api\/live)\.ts$/,
  ws: /^http\/(websocket|protocol-socket)\.ts$/,
  hono: /^http\//,
  '@hono': /^http\//,
  'node:http': /^(http|language-model|telemetry|webhooks)\//,
  'node:https': /^(language-model|webhooks)\//,
  jose: /^workspaces\/access-tokens\.ts$/,
  'typeid-js': /^ids\.ts$/,
  handlebars: /^assistants\//,
  preact: /^console\//,
  '@preact': /^console\//,
  'gql.tada': /^console\//,
  'node:child_process': /^database\//,
};

/** All that a model reaches, through whatever files, besides ours: it decides, it does not read or write anything. */
const PURE = ['zod', 'typeid-js', 'handlebars'];

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
