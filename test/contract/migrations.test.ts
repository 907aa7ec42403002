import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, inject, it } from 'vitest';
import { asUrl } from '../support/server.ts';

const run = promisify(execFile);
const PROJECT = join(import.meta.dirname, '..', '..');

it('keeps the migrations in step with the schema', async () => {
  const { location } = inject('server');
  const args = ['prisma/diff.ts', 'prisma/migrations', 'prisma/schema.prisma'];
  const env = { ...process.env, SHADOW_URL: asUrl(location) };
  const { stdout } = await run(process.execPath, args, { cwd: PROJECT, env });
  expect(stdout.trim()).toBe('-- This is an empty migration.');
});
