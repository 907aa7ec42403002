// Writes schema.graphql; with --check compares it instead and fails when it is not what the code says.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { schema } from './schema.ts';

const FILE = join(import.meta.dirname, '..', '..', 'schema.graphql');

/** The schema as `schema.graphql` holds it. */
export const printedSchema = `${printSchema(lexicographicSortSchema(schema))}\n`;

if (import.meta.main) {
  if (!process.argv.includes('--check')) await writeFile(FILE, printedSchema);
  else if ((await readFile(FILE, 'utf8').catch(() => '')) !== printedSchema) {
    console.error('schema.graphql is not what the code says: run `npm run schema` and look at the difference.');
    process.exitCode = 1;
  }
}
