import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { createApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { openDatabase } from '../src/database/client.ts';
import { findRunningServer } from '../src/database/embedded-lookup.ts';
import { createLanguageModel } from '../src/language-model/create.ts';
import { inDatabase } from './database.ts';
import { API_KEY } from './participants.ts';
import { type Places, READS } from './reads.ts';

/** Tables with more rows than this are not to be read in sequence. */
const LARGE = 10_000;

/** What the plans of a read's statements say. */
export interface Explained {
  statements: number;
  /** The large tables that are read in sequence. */
  tables: string[];
}

interface Statement {
  text: string;
  values: unknown[];
}

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  Plans?: Plan[];
}

/** Sends each read to the app in this process, over the same database, and has PostgreSQL explain the statements it made. */
export async function explain(milepost: { dataDir: string }, places: Places): Promise<Map<string, Explained>> {
  const statements = await recordStatements(milepost.dataDir, places);
  return inDatabase(milepost, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      'SELECT relname AS name FROM pg_class WHERE relkind = $1 AND reltuples > $2',
      ['r', LARGE],
    );
    const large = new Set(rows.map(({ name }) => name));
    const explained = new Map<string, Explained>();
    for (const [name, sent] of statements) {
      const scanned = new Set<string>();
      for (const { text, values } of sent) {
        const result = await client.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(`EXPLAIN (FORMAT JSON) ${text}`, values);
        for (const table of sequentialScans(result.rows[0]?.['QUERY PLAN'][0].Plan))
          if (large.has(table)) scanned.add(table);
      }
      explained.set(name, { statements: sent.length, tables: [...scanned] });
    }
    return explained;
  });
}

function sequentialScans(plan: Plan | undefined): string[] {
  if (!plan) return [];
  const own = plan['Node Type'] === 'Seq Scan' && plan['Relation Name'] ? [plan['Relation Name']] : [];
  return [...own, ...(plan.Plans ?? []).flatMap(sequentialScans)];
}

async function recordStatements(dataDir: string, places: Places): Promise<Map<string, Statement[]>> {
  const host = (await findRunningServer(join(dataDir, 'postgres'))) as string;
  const config = readConfig({ OPENAI_API_KEY: 'sk-bench' });
  const database = openDatabase({ location: { host }, maxConnections: 1, onConnectionLost: () => {} });
  const log = pino({ level: 'silent' });
  const app = createApp({ config, database, model: createLanguageModel(config.model), secret: 'x'.repeat(32), log });
  const recorded = new Map<string, Statement[]>();
  try {
    for (const { name, request } of READS) {
      const { method, path, body } = request(places);
      const headers = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' };
      const statements = await recording(async () => {
        const response = await app.fetch(new Request(`http://milepost${path}`, { method, headers, body }));
        const answer = await response.text();
        if (!response.ok || answer.includes('"errors":')) throw new Error(`${name}: ${answer}`);
      });
      recorded.set(
        name,
        statements.filter(({ text }) => text.startsWith('SELECT')),
      );
    }
  } finally {
    await app.dispose();
    await database.close();
  }
  return recorded;
}

/** The statements this process sends while `action` runs. */
async function recording(action: () => Promise<void>): Promise<Statement[]> {
  const statements: Statement[] = [];
  const original = pg.Client.prototype.query;
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
    const [query, values = []] = args as [string | { text: string; values?: unknown[] }, unknown[]?];
    if (typeof query === 'string') statements.push({ text: query, values });
    else statements.push({ text: query.text, values: query.values ?? values });
    return Reflect.apply(original, this, args);
  } as typeof original;
  try {
    await action();
  } finally {
    pg.Client.prototype.query = original;
  }
  return statements;
}
