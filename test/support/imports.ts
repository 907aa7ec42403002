import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** One import, re-export or dynamic import of a source file. */
export interface Import {
  /** The file that imports, relative to `src/`. */
  from: string;
  /** A file relative to `src/`, or the name of a package. */
  to: string;
  /** Whether `to` is a file of ours. */
  ours: boolean;
  /** Whether nothing of it is left once the types are stripped. */
  typeOnly: boolean;
}

export interface SourceFile {
  /** Relative to `src/`. */
  path: string;
  text: string;
  imports: Import[];
}

const SRC = join(import.meta.dirname, '..', '..', 'src');

const NAMES = String.raw`(?:\{[^}]*\}|\*(?:\s+as\s+\w+)?|\w+)(?:\s*,\s*\{[^}]*\})?`;
const STATEMENT = new RegExp(String.raw`^(?:import|export)\s+(type\s+)?(?:(${NAMES})\s+from\s+)?'([^']+)'`, 'gm');
const DYNAMIC = /\bimport\(\s*'([^']+)'\s*\)/g;

/** Every source file with its imports, the generated ones left out. */
export function sourceFiles(): SourceFile[] {
  const paths = globSync('**/*.{ts,tsx}', { cwd: SRC }).filter((path) => !path.startsWith('generated/'));
  return paths.sort().map((path) => {
    const text = readFileSync(join(SRC, path), 'utf8');
    return { path, text, imports: importsOf(path, text) };
  });
}

function importsOf(from: string, text: string): Import[] {
  const found = [...text.matchAll(STATEMENT)].map(([, type, names = '', specifier = '']) => {
    return toImport(from, specifier, type !== undefined || namesOnlyTypes(names));
  });
  return [...found, ...[...text.matchAll(DYNAMIC)].map(([, specifier = '']) => toImport(from, specifier, false))];
}

function namesOnlyTypes(names: string): boolean {
  const listed =
    /^\{([^}]*)\}$/
      .exec(names)?.[1]
      ?.split(',')
      .filter((name) => name.trim() !== '') ?? [];
  return listed.length > 0 && listed.every((name) => /^\s*type\s/.test(name));
}

function toImport(from: string, specifier: string, typeOnly: boolean): Import {
  const ours = specifier.startsWith('.');
  return { from, to: ours ? normalize(join(dirname(from), specifier)) : specifier, ours, typeOnly };
}
