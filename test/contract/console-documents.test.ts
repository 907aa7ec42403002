import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { schema } from '../../src/graphql/schema.ts';

const CONSOLE = join(import.meta.dirname, '..', '..', 'src', 'console');

/** A document as `src/console/api/graphql.ts` makes it: the texts of which it consists. */
interface Document {
  parts: ReadonlySet<string>;
}

const modules = globSync('**/documents.ts', { cwd: CONSOLE });
const exported = await Promise.all(
  modules.map(async (path) => Object.entries((await import(join(CONSOLE, path))) as Record<string, unknown>)),
);
const documents = exported
  .flat()
  .filter((entry): entry is [string, Document] => (entry[1] as Partial<Document> | null)?.parts instanceof Set)
  .map(([name, { parts }]) => [name, [...parts].join('\n')] as const);

describe('the documents of the console', () => {
  it('stand in files of their own', () => {
    const sources = globSync('**/*.{ts,tsx}', { cwd: CONSOLE });
    const strayed = sources.filter((path) => /\bgraphql\(\s*`/.test(readFileSync(join(CONSOLE, path), 'utf8')));
    expect(strayed.sort()).toEqual([...modules, 'api/graphql.ts'].sort());
  });

  it('have names of their own, by which they can be listed', () => {
    const names = documents.flatMap(([, text]) => /^(?:query|mutation|subscription) (\w+)/.exec(text)?.[1] ?? []);
    expect(names).toEqual([...new Set(names)]);
    expect(names).toHaveLength(documents.length);
  });

  // gql.tada infers the types of a document, but does not say when it is none.
  it.each(documents)('are valid: %s', (_name, text) => {
    expect(validate(schema, parse(text)).map(({ message }) => message)).toEqual([]);
  });
});
