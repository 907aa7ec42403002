import { z } from 'zod';
import {
  type CreateDocumentOptions,
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi';
import { exampleId } from '../ids.ts';
import { documentOf, type RouteDocument, type Shown } from './documented.ts';
import type { RestApi } from './rest.ts';

export type OpenApiDocument = ReturnType<typeof createDocument>;

/** What the parts of a path are, wherever they stand. */
const PARAMETERS: Record<string, z.ZodString> = {
  stage_id: z.string().meta({ description: 'The id or key of a stage.', example: 'onboarding' }),
  identity_id: z.string().meta({ description: 'The id of an identity (`idn_…`) or its external id.', example: 'ada' }),
  channel_id: z.string().meta({ description: 'The id or key of a channel.', example: 'web' }),
  worker_id: z.string().meta({ description: 'The id of a worker.', example: exampleId('Worker') }),
  assistant_id: z.string().meta({ description: 'The id of an assistant.', example: exampleId('Assistant') }),
  turn_id: z.string().meta({ description: 'The id of a turn.', example: exampleId('Turn') }),
};

const INTRODUCTION = `Journeys, memory and streaming conversations in plain HTTP and JSON. Everything here, and more, can be done by GraphQL at \`/graphql\`.

Show an API key as \`Authorization: Bearer <key>\` or \`x-api-key: <key>\`. A success is \`{ message, data }\`; a failure is a problem (RFC 9457) whose \`code\` does not change and whose \`issues\` name the fields that are wrong. \`X-Request-Id\` names each answer in the logs.`;

const problem = z
  .object({
    type: z.string().describe('A URI; `about:blank` where the status says it all.'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What went wrong, for people.'),
    code: z.string().describe('What went wrong, for programs.'),
    message: z.string().describe('The same as `detail`, as older clients read it.'),
    issues: z
      .array(z.object({ path: z.string().describe('The field; empty: the whole request.'), message: z.string() }))
      .optional(),
    limit: z.string().optional().describe('Which limit was reached.'),
    'violated-policies': z.array(z.string()).optional(),
  })
  .meta({
    id: 'Problem',
    examples: [
      {
        type: 'about:blank',
        title: 'Not Found',
        status: 404,
        detail: 'There is no stage with this id or key.',
        code: 'NOT_FOUND',
        message: 'There is no stage with this id or key.',
      },
    ],
  });

/** What can go wrong with every call. */
const PROBLEMS: Record<number, string> = {
  400: 'The request is not as it must be; `issues` names the fields.',
  401: 'There are no credentials, or they do not hold (any more).',
  403: 'The credentials do not allow this.',
  429: 'Too many at once or in a minute; `Retry-After` says when to come back.',
  500: 'The server failed.',
  503: 'The server cannot answer now; try again later.',
};

const INSTANT = { type: 'string', format: 'date-time' } as const;
const isInstant = (schema: object) => 'format' in schema && schema.format === INSTANT.format;

const OPTIONS: CreateDocumentOptions = {
  allowEmptySchema: { custom: true },
  override: ({ zodSchema, jsonSchema }) => {
    const { def } = zodSchema._zod;
    // A Date is a text in JSON; where one or the text of one is taken, it is the text.
    if (def.type === 'date') Object.assign(jsonSchema, INSTANT);
    else if (def.type === 'union' && jsonSchema.anyOf?.some(isInstant)) {
      delete jsonSchema.anyOf;
      Object.assign(jsonSchema, INSTANT);
    }
    // What a double can count says nothing.
    if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  },
};

/** The document of all routes that tell of themselves (OpenAPI 3.1.1). */
export function describeRoutes(routes: RestApi['routes'], version: string): OpenApiDocument {
  const paths: ZodOpenApiPathsObject = {};
  const schemas: Record<string, z.ZodType> = { Problem: problem };
  const documents = routes.flatMap(({ handler, ...route }) => {
    const document = documentOf(handler);
    return document ? [{ ...route, document }] : [];
  });
  // Those that are there for machines come last.
  const isOpen = ({ document }: { document: RouteDocument }) => Number(document.needs === 'nothing');
  for (const { method, path, document } of documents.sort((one, other) => isOpen(one) - isOpen(other))) {
    const templated = path.replaceAll(/:(\w+)/g, '{$1}');
    paths[templated] = { ...paths[templated], [method.toLowerCase()]: describeRoute(method, path, document) };
    Object.assign(schemas, document.schemas);
  }
  return createDocument(
    {
      openapi: '3.1.1',
      info: { title: 'Milepost', version, description: INTRODUCTION },
      servers: [{ url: '/' }],
      security: [{ bearer: [] }, { apiKey: [] }],
      paths,
      components: {
        schemas,
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'An API key or an access token.' },
          apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'An API key.' },
          accessToken: {
            type: 'apiKey',
            in: 'query',
            name: 'access_token',
            description: 'A short-lived access token of one identity, for streams in browsers. Never an API key.',
          },
        },
      },
    },
    OPTIONS,
  );
}

function describeRoute(method: string, path: string, document: RouteDocument): ZodOpenApiOperationObject {
  const { id, tag, summary, description = '', query, headers, body, needs = needOf(method) } = document;
  const names = Array.from(path.matchAll(/:(\w+)/g), ([, name = '']) => name);
  const parameters = {
    ...(names.length > 0 && { path: z.object(Object.fromEntries(names.map((name) => [name, parameterOf(name)]))) }),
    ...(query && { query }),
    ...(headers && { header: headers }),
  };
  const permission = needs === 'nothing' ? '' : `Needs the permission to ${needs}.`;
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: [description, permission].filter(Boolean).join(' '),
    ...(Object.keys(parameters).length > 0 && { requestParams: parameters }),
    ...(body && { requestBody: { required: true, content: { 'application/json': { ...body } } } }),
    ...(needs === 'nothing' && { security: [] }),
    ...(query && 'access_token' in query.shape && { security: [{ bearer: [] }, { apiKey: [] }, { accessToken: [] }] }),
    responses: { ...answersOf(document), ...document.responses, ...problemsOf(names, document) },
  };
}

function needOf(method: string): 'read' | 'write' {
  return method === 'GET' ? 'read' : 'write';
}

function parameterOf(name: string): z.ZodString {
  const parameter = PARAMETERS[name];
  if (!parameter) throw new Error(`Nothing is known of the parameter ${name}.`);
  return parameter;
}

function answersOf({ answers = {} }: RouteDocument): ZodOpenApiResponsesObject {
  const described = Object.entries(answers).map(([status, shown]) => [
    status,
    {
      description: status === '201' ? 'Created.' : 'Done.',
      content: { 'application/json': { schema: envelopeOf(shown), ...exampleOf(shown) } },
    },
  ]);
  return Object.fromEntries(described);
}

function envelopeOf(shown: Shown | null): z.ZodType {
  return z.object({ message: z.string().describe('What was done, for people.'), ...(shown && { data: shown.schema }) });
}

function exampleOf(shown: Shown | null) {
  return shown && { example: { message: 'Done.', data: shown.example } };
}

function problemsOf(parameters: string[], { needs, body, problems }: RouteDocument): ZodOpenApiResponsesObject {
  const all = {
    ...(needs !== 'nothing' && PROBLEMS),
    ...(parameters.length > 0 && { 404: 'There is no such thing in this workspace.' }),
    ...(body && { 413: 'The body is too large.' }),
    ...problems,
  };
  const described = Object.entries(all).map(([status, description]) => [
    status,
    { description, content: { 'application/problem+json': { schema: problem } } },
  ]);
  return Object.fromEntries(described);
}
