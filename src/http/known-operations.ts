import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { GraphQLError, parse, validate } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { z } from 'zod';
import { schema } from '../graphql/schema.ts';
import type { OperationLimits } from '../limits.ts';

/** The list of operations cannot be used; the message says why. */
export class OperationListError extends Error {
  override readonly name = 'OperationListError';
}

/** What a client sends to have an operation executed: a document, or the name of one. */
export interface OperationParams {
  query?: unknown;
  /** `sha256:` and the hash, or another name of a document in the list. */
  documentId?: unknown;
  extensions?: unknown;
}

/** What can be written in a list: names and documents (Relay, graphql-codegen), or the manifest of Apollo. */
const MANIFEST = z.union([
  z.object({ operations: z.array(z.object({ id: z.string(), body: z.string() })) }),
  z.record(z.string(), z.string()),
]);
const PERSISTED = z.object({ persistedQuery: z.object({ sha256Hash: z.string() }) });

/** The operations that clients may name instead of sending them; all others can be refused (trusted documents). */
export class KnownOperations {
  readonly #only: boolean;
  readonly #byName = new Map<string, string>();
  readonly #documents = new Set<string>();

  /** Throws OperationListError for a list that cannot be read, or that holds an operation the schema does not have. */
  constructor({ operations, operationsOnly }: Pick<OperationLimits, 'operations' | 'operationsOnly'>) {
    this.#only = operationsOnly;
    for (const [name, document] of splitList(operations).flatMap(listedIn)) {
      this.#byName.set(name, document).set(hashOf(document), document);
      this.#documents.add(document);
    }
  }

  /** The document to execute; undefined when none was sent. Throws GraphQLError for one that is not in the list. */
  documentOf({ query, documentId, extensions }: OperationParams): string | undefined {
    if (typeof query === 'string' && query !== '') {
      if (!this.#only || this.#documents.has(query)) return query;
      throw refused('PERSISTED_QUERY_ONLY', 'Only operations of the list of this server are executed.');
    }
    const name = documentId ?? PERSISTED.safeParse(extensions).data?.persistedQuery.sha256Hash;
    if (name == null) return undefined;
    const document = this.#byName.get(String(name).replace(/^sha256:/, ''));
    if (document === undefined) {
      throw refused('PERSISTED_QUERY_NOT_FOUND', 'There is no operation of this name in the list of this server.');
    }
    return document;
  }
}

/** Puts the document in the place of its name. */
export function useKnownOperations(operations: KnownOperations): Plugin {
  return {
    onParams({ params, setParams }) {
      const query = operations.documentOf(params);
      if (query === params.query) return;
      const { documentId: _name, ...rest } = params as OperationParams;
      setParams({ ...rest, query } as typeof params);
    },
  };
}

/** Several places, as of one's own clients and of the console, stand with commas between them. */
function splitList(operations: string | undefined): string[] {
  return (operations ?? '')
    .split(',')
    .map((path) => path.trim())
    .filter((path) => path !== '');
}

function listedIn(path: string): [name: string, document: string][] {
  try {
    const listed = statSync(path).isDirectory() ? listedInFolder(path) : listedInFile(path);
    for (const [name, document] of listed) {
      const [fault] = validate(schema, parse(document));
      if (fault) throw new Error(`${name}: ${fault.message}`);
    }
    return listed;
  } catch (error) {
    throw new OperationListError(`GRAPHQL_OPERATIONS: ${path}: ${(error as Error).message}`);
  }
}

/** Each file is one document. */
function listedInFolder(folder: string): [string, string][] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.graphql'));
  return names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
}

function listedInFile(path: string): [string, string][] {
  const { data } = MANIFEST.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (!data) throw new Error(`${path} is no list of operations`);
  if (!Array.isArray(data.operations)) return Object.entries(data as Record<string, string>);
  return data.operations.map(({ id, body }) => [id, body]);
}

function hashOf(document: string): string {
  return createHash('sha256').update(document).digest('hex');
}

function refused(code: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { status: 400 } } });
}
