import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '..', '..');
const FENCED = /^```(?:sh|js|python)\n(?:#|\/\/) (\S+\.(?:sh|mjs|py))\n[\s\S]*?^```$/gm;

/** The programs a document shows: each begins with a comment that says what its file is called. */
export interface DocumentedPrograms {
  names: string[];
  /** Runs one with a command, in a folder where all of them are; fails when it does. */
  run(command: string[], environment: Record<string, string>): Promise<string>;
  remove(): void;
}

export function documentedPrograms(document: string): DocumentedPrograms {
  // Below node_modules, so that a program finds the packages it imports.
  const parent = join(ROOT, 'node_modules', '.cache');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'documented-'));
  const names: string[] = [];
  for (const [block, name = ''] of readFileSync(join(ROOT, document), 'utf8').matchAll(FENCED)) {
    writeFileSync(join(folder, name), block.split('\n').slice(1, -1).join('\n'));
    names.push(name);
  }
  return {
    names,
    async run([program = '', ...args], environment) {
      const env = { PATH: process.env.PATH, NO_PROXY: '*', ...environment };
      const { stdout } = await promisify(execFile)(program, args, { cwd: folder, env, timeout: 20_000 });
      return stdout;
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
