import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { minifyIntrospection, outputIntrospectionFile } from 'gql.tada/internal';
import { buildSchema, introspectionFromSchema } from 'graphql';

const ROOT = join(import.meta.dirname, '..', '..');
const TARGET = join(ROOT, 'src', 'generated', 'console', 'schema.d.ts');

// gql.tada's own command line needs an older TypeScript; the two functions behind it do not.
const introspection = introspectionFromSchema(buildSchema(readFileSync(join(ROOT, 'schema.graphql'), 'utf8')));
mkdirSync(dirname(TARGET), { recursive: true });
writeFileSync(
  TARGET,
  outputIntrospectionFile(minifyIntrospection(introspection), { fileType: TARGET, shouldPreprocess: true }),
);
