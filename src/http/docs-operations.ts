import type { JsonSchema } from './docs-schemas.ts';
import type { OpenApiDocument } from './openapi.ts';

export interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema: JsonSchema & { example?: unknown };
}

export interface Answer {
  status: string;
  description: string;
  contentType: string | undefined;
  schema: JsonSchema | undefined;
  example: unknown;
}

/** One route with one method, as it is told of. */
export interface Operation {
  id: string;
  tag: string;
  method: string;
  path: string;
  summary: string;
  description: string | undefined;
  parameters: Parameter[];
  body: { schema: JsonSchema; example: unknown } | undefined;
  answers: Answer[];
  problems: Answer[];
  /** A command line that calls it at an origin, with the values of the examples. */
  curl(origin: string): string;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

// biome-ignore lint/suspicious/noExplicitAny: the document has been made and checked elsewhere
type Json = any;

/** What the document tells of, in its order. */
export function operationsOf({ paths = {} }: OpenApiDocument): Operation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const told: Json = (item as Json)[method];
      return told ? [toOperation(method.toUpperCase(), path, told)] : [];
    }),
  );
}

function toOperation(method: string, path: string, told: Json): Operation {
  const parameters: Parameter[] = told.parameters ?? [];
  const body = told.requestBody?.content['application/json'];
  const all = Object.entries<Json>(told.responses).map(([status, response]) => toAnswer(status, response));
  const callable = { method, path, parameters, body, open: told.security?.length === 0 };
  return {
    ...{ id: told.operationId, tag: told.tags[0], method, path, parameters, body },
    ...{ summary: told.summary, description: told.description },
    answers: all.filter(({ status }) => status < '400'),
    problems: all.filter(({ status }) => status >= '400'),
    curl: (origin) => curlOf(origin, callable),
  };
}

function toAnswer(status: string, { description, content = {} }: Json): Answer {
  const [[contentType, { schema, example, examples }] = [undefined, {} as Json]] = Object.entries<Json>(content);
  const [first]: Json[] = Object.values(examples ?? {});
  return { status, description, contentType, schema, example: example ?? first?.value };
}

interface Callable extends Pick<Operation, 'method' | 'path' | 'parameters' | 'body'> {
  /** Nobody needs credentials. */
  open: boolean;
}

function curlOf(origin: string, { method, path, parameters, body, open }: Callable): string {
  const exampleOf = (name: string) => String(parameters.find((one) => one.name === name)?.schema.example);
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => exampleOf(name));
  const query = parameters
    .filter((one) => one.in === 'query' && one.schema.example !== undefined)
    .map(({ name }) => `${name}=${encodeURIComponent(exampleOf(name))}`);
  const address = `"${origin}${filled}${query.length > 0 ? `?${query.join('&')}` : ''}"`;
  const parts = [
    `curl${query.length > 0 ? ' -N' : ''}${method === 'GET' ? '' : ` -X ${method}`}`,
    ...(open ? [] : ['-H "Authorization: Bearer $KEY"']),
    ...(body ? ['-H "Content-Type: application/json"', `-d '${JSON.stringify(body.example)}'`] : []),
    address,
  ];
  return parts.join(' \\\n  ');
}
