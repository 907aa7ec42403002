import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { Caller } from './app.ts';

// biome-ignore lint/suspicious/noExplicitAny: a document is read by tests, which know its shape
type Json = any;

export interface DocumentedOperation {
  id: string;
  method: string;
  /** As the document has it, `{…}` for what is to be put in. */
  path: string;
  told: Json;
}

/** The OpenAPI document of an app, to hold its answers to. */
export class DocumentedApi {
  readonly document: Json;
  readonly operations: DocumentedOperation[];
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });

  constructor(document: Json) {
    this.document = document;
    this.operations = Object.entries<Json>(document.paths).flatMap(([path, item]) =>
      Object.entries<Json>(item).map(([method, told]) => ({
        ...{ id: told.operationId, method: method.toUpperCase() },
        ...{ path, told },
      })),
    );
    (formats as unknown as (ajv: Ajv2020) => void)(this.#ajv);
    this.#ajv.addSchema(document, 'openapi');
  }

  /** What is wrong with a value by one of the document's schemas; none: nothing. */
  faultsOf(value: unknown, pointer: string[]): string[] {
    const path = pointer.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).map(encodeURIComponent);
    const validate = this.#ajv.getSchema(`openapi#/${path.join('/')}`);
    if (!validate) return [`There is no schema at ${pointer.join(' ')}`];
    validate(value);
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  }

  /** The same of an answer. */
  faultsOfAnswer({ path, method }: DocumentedOperation, status: number, contentType: string, body: unknown): string[] {
    const type = contentType.split(';')[0] ?? '';
    const at = ['paths', path, method.toLowerCase(), 'responses', String(status), 'content', type, 'schema'];
    return this.faultsOf(body, at);
  }

  /** The operation that a call of this method and address reaches. */
  operationAt(method: string, address: string): DocumentedOperation | undefined {
    const path = address.split('?')[0] ?? '';
    return this.operations.find(
      (one) => one.method === method && new RegExp(`^${one.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
    );
  }
}

export async function documentedApi(caller: Caller): Promise<DocumentedApi> {
  return new DocumentedApi((await caller.rest('GET', '/openapi.json')).body);
}

/** The same value where ids, times and secrets are what they are rather than which. */
export function withoutNames(value: unknown): unknown {
  const json = JSON.stringify(value)
    .replaceAll(/"([a-z]{3})_[0-7][0-9a-hjkmnp-tv-z]{25}"/g, '"$1"')
    .replaceAll(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"time"')
    .replaceAll(/"mp_\w+"/g, '"secret"');
  return JSON.parse(json);
}
