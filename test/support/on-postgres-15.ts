// Runs vitest against a PostgreSQL 15 of the system: node test/support/on-postgres-15.ts [files]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { startSystemPostgres } from './system-postgres.ts';

const PROJECT = join(import.meta.dirname, '..', '..');
const VITEST = join(PROJECT, 'node_modules', 'vitest', 'vitest.mjs');
const REPORT = 'test-report-postgres-15.json';

/** Every feature through GraphQL and REST; whose rows are seen; the migrations; the queue; several processes on one database. */
const SPEAK_TO_THE_DATABASE = [
  'test/!(admin).test.ts',
  'test/rest/{api-keys,channels,conversations,idempotency,identities,memory,rejoining,stages,streaming,workers}.test.ts',
  'test/contract/{isolation*,hostile-texts,migrations}.test.ts',
  'test/protocol/{database-client,database-migrator,effects,processes-order,simultaneous-starts}.test.ts',
  'test/unit/followed-transitions.test.ts',
];

const named = process.argv.slice(2);
const files = named.length > 0 ? named : globSync(SPEAK_TO_THE_DATABASE, { cwd: PROJECT }).sort();
const { url, stop } = await startSystemPostgres();
const vitest = spawn(process.execPath, [VITEST, 'run', ...files, `--outputFile.json=${REPORT}`], {
  cwd: PROJECT,
  stdio: 'inherit',
  env: { ...process.env, TEST_DATABASE_URL: url },
});
const [code] = await once(vitest, 'exit');
await stop();
process.exitCode = code ?? 1;
