// Prints the SQL that leads from one state of the schema to another, without the schema engine binary, which has to be
// downloaded: the same engine as WebAssembly comes from npm.
//
//   npm run -s migration -- <from> <to> [--exit-code]
//
// Each state is `empty`, a .prisma file or a folder of migrations; one of them is a .prisma file. A folder is replayed into a throw-away database: of
// the server at SHADOW_URL, else of an embedded one in a temporary folder. With --exit-code: 2 when the states differ.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlQuery,
} from '@prisma/driver-adapter-utils';
import pg from 'pg';
import { startEmbedded } from '../src/database/embedded.ts';

const SHADOW = 'schema_diff_shadow';

/** The engine's own description of a state of the schema. */
type State =
  | { tag: 'empty' }
  | { tag: 'schemaDatamodel'; files: { path: string; content: string }[] }
  | {
      tag: 'migrations';
      baseDir: string;
      shadowDbInitScript: string;
      lockfile: object;
      migrationDirectories: object[];
    };

function readState(path: string): State {
  if (path === 'empty') return { tag: 'empty' };
  if (path.endsWith('.prisma'))
    return { tag: 'schemaDatamodel', files: [{ path, content: readFileSync(path, 'utf8') }] };
  const folders = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const names = folders.map(({ name }) => name).sort();
  return {
    tag: 'migrations',
    baseDir: resolve(path),
    shadowDbInitScript: '',
    lockfile: { path: 'migration_lock.toml', content: readFileSync(join(path, 'migration_lock.toml'), 'utf8') },
    migrationDirectories: names.map((name) => {
      const value = readFileSync(join(path, name, 'migration.sql'), 'utf8');
      return { path: name, migrationFile: { path: 'migration.sql', content: { tag: 'ok', value } } };
    }),
  };
}

/** What the engine calls a type, and how the text PostgreSQL sends becomes the value the engine expects. */
type ColumnType = readonly [type: number, read: (text: string) => unknown];

const asText = (text: string) => text;
const parserOf = (oid: number) => pg.types.getTypeParser(oid, 'text') as (text: string) => unknown;
const asTexts = parserOf(1009);
const asNumbers = parserOf(1007);

// The types in PostgreSQL's catalogues, by the number PostgreSQL gives them.
const COLUMN_TYPES: Record<number, ColumnType> = {
  16: [ColumnTypeEnum.Boolean, (text) => text === 't'],
  18: [ColumnTypeEnum.Character, asText],
  20: [ColumnTypeEnum.Int64, asText],
  21: [ColumnTypeEnum.Int32, Number],
  23: [ColumnTypeEnum.Int32, Number],
  26: [ColumnTypeEnum.Int64, asText],
  700: [ColumnTypeEnum.Float, asText],
  701: [ColumnTypeEnum.Double, asText],
  1002: [ColumnTypeEnum.CharacterArray, asTexts],
  1003: [ColumnTypeEnum.TextArray, asTexts],
  1005: [ColumnTypeEnum.Int32Array, asNumbers],
  1007: [ColumnTypeEnum.Int32Array, asNumbers],
  1009: [ColumnTypeEnum.TextArray, asTexts],
  1016: [ColumnTypeEnum.Int64Array, asNumbers],
  1028: [ColumnTypeEnum.Int64Array, asNumbers],
  1184: [ColumnTypeEnum.DateTime, asText],
  1700: [ColumnTypeEnum.Numeric, asText],
};
const columnType = (oid: number): ColumnType => COLUMN_TYPES[oid] ?? [ColumnTypeEnum.Text, asText];

// Not Prisma's own adapter: it cannot read the catalogues' "char" columns, and it splits scripts at every semicolon.
function adapterFor(client: pg.Client): SqlDriverAdapter {
  return {
    provider: 'postgres',
    adapterName: 'schema-diff',
    queryRaw: async ({ sql, args }: SqlQuery) => {
      const types = { getTypeParser: (oid: number) => columnType(oid)[1] } as unknown as pg.CustomTypesConfig;
      const { fields, rows } = await client.query<unknown[]>({ text: sql, values: args, rowMode: 'array', types });
      const columnTypes = fields.map(({ dataTypeID }) => columnType(dataTypeID)[0]);
      return { columnNames: fields.map(({ name }) => name), columnTypes, rows } as never;
    },
    executeRaw: async ({ sql, args }: SqlQuery) => (await client.query(sql, args)).rowCount ?? 0,
    executeScript: async (script) => void (await client.query(script)),
    getConnectionInfo: () => ({ schemaName: 'public', supportsRelationJoins: true }),
    startTransaction: () => Promise.reject(new Error('the engine replays migrations without a transaction')),
    dispose: async () => {},
  };
}

/** Between schema files the engine asks a database for nothing but its version. */
function adapterWithoutDatabase(): SqlDriverAdapter {
  const columnTypes = [ColumnTypeEnum.Boolean, ColumnTypeEnum.Text, ColumnTypeEnum.Int32];
  const rows = [[true, 'PostgreSQL 18.0', 180_000]];
  const version = { columnNames: ['exists', 'version', 'numeric_version'], columnTypes, rows };
  return { ...adapterFor(new pg.Client()), queryRaw: async () => version, executeRaw: async () => 0 };
}

/** Calls `use` with the adapter of an empty database that exists only meanwhile. */
async function withShadowDatabase<Result>(use: (adapter: SqlDriverAdapter) => Promise<Result>): Promise<Result> {
  const url = process.env.SHADOW_URL;
  if (url !== undefined) return useShadowOf(url, use);
  const directory = mkdtempSync(join(tmpdir(), 'schema-diff-'));
  const server = await startEmbedded(join(directory, 'postgres'), { fsync: 'off' });
  try {
    return await useShadowOf(`postgresql://postgres@localhost/postgres?host=${encodeURIComponent(server.host)}`, use);
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true });
  }
}

async function useShadowOf<Result>(url: string, use: (adapter: SqlDriverAdapter) => Promise<Result>): Promise<Result> {
  const name = `${SHADOW}_${process.pid}`;
  const shadowUrl = Object.assign(new URL(url), { pathname: `/${name}` });
  const admin = new pg.Client(url);
  const shadow = new pg.Client(shadowUrl.href);
  await admin.connect();
  try {
    await admin.query(`CREATE DATABASE ${name} TEMPLATE template0`);
    await shadow.connect();
    return await use(adapterFor(shadow));
  } finally {
    await shadow.end();
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await admin.end();
  }
}

interface Diff {
  stdout: string;
  exitCode: number;
}

/** The package's own entry expects a bundler to load the WebAssembly, so it is joined to its glue here. */
async function compare(from: State, to: State, adapter: SqlDriverAdapter): Promise<Diff> {
  const entry = '@prisma/schema-engine-wasm/schema_engine_bg';
  const glue = await import(entry);
  const binary = join(dirname(createRequire(import.meta.url).resolve(entry)), 'schema_engine_bg.wasm');
  const wasm = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(binary)), {
    './schema_engine_bg.js': glue,
  });
  glue.__wbg_set_wasm(wasm.exports);
  (wasm.exports.__wbindgen_start as () => void)();

  const connect = async () => adapter;
  const provider = { provider: 'postgres', adapterName: 'schema-diff', connect, connectToShadowDb: connect } as const;
  const file = [from, to].flatMap((state) => (state.tag === 'schemaDatamodel' ? state.files : [])).at(-1);
  if (file === undefined) throw new Error('One of the two states has to be a .prisma file');
  const engine = await glue.SchemaEngine.new(
    { datamodels: [[file.path, file.content]] },
    () => {},
    bindMigrationAwareSqlAdapterFactory(provider),
  );
  const filters = { externalTables: [], externalEnums: [] };
  return engine.diff({ from, to, script: true, exitCode: true, filters });
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { 'exit-code': { type: 'boolean' } } });
const [from, to] = positionals;
if (from === undefined || to === undefined) throw new Error('Usage: node prisma/diff.ts <from> <to> [--exit-code]');
const states = [readState(from), readState(to)] as const;
const diff = states.some(({ tag }) => tag === 'migrations')
  ? await withShadowDatabase((adapter) => compare(...states, adapter))
  : await compare(...states, adapterWithoutDatabase());
process.stdout.write(diff.stdout);
process.exitCode = values['exit-code'] ? diff.exitCode : 0;
