import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import type { ZodOpenApiResponsesObject } from 'zod-openapi';
import { type Entity, shapeOf } from '../ids.ts';
import { type RestEnvironment, toSnakeCase } from './rest.ts';

/** Something that stands in a body, and what it looks like. */
export interface Shown {
  schema: z.ZodType;
  example: unknown;
}

/** What is told of a route besides its path: from this the document of the API is made. */
export interface RouteDocument {
  /** Unique among all routes. */
  id: string;
  tag: string;
  summary: string;
  description?: string;
  /** The permission its caller needs; by default that to write, unless it is a GET. */
  needs?: 'read' | 'write' | 'nothing';
  query?: z.ZodObject;
  headers?: z.ZodObject;
  body?: Shown;
  /** By status what the answer shows; null: a message alone. */
  answers?: { [status in 200 | 201]?: Shown | null };
  /** Answers of another form. */
  responses?: ZodOpenApiResponsesObject;
  /** What else its answers are made of, by name. */
  schemas?: Record<string, z.ZodType>;
  /** By status what went wrong, where that is not what it is everywhere. */
  problems?: { [status: number]: string };
}

const DOCUMENT = Symbol('document of a route');

/** A way to tell of the routes under one tag. What it gives stands before the handler of a route and changes nothing. */
export function documentsOf(tag: string) {
  return (
    id: string,
    summary: string,
    more: Omit<RouteDocument, 'id' | 'tag' | 'summary'>,
  ): MiddlewareHandler<RestEnvironment> => {
    const document: RouteDocument = { id, tag, summary, ...more };
    return Object.assign((_c: unknown, next: () => Promise<void>) => next(), { [DOCUMENT]: document });
  };
}

/** What is told of the route whose handler this is. */
export function documentOf(handler: object): RouteDocument | undefined {
  return (handler as { [DOCUMENT]?: RouteDocument })[DOCUMENT];
}

/** How an entity is shown: these fields of it, in snake_case. */
export interface Answer<Fields extends z.ZodRawShape> extends Shown {
  /** The body of the answer. */
  of(entity: z.output<z.ZodObject<Fields>>): Record<string, unknown>;
  /** The same where the example has other values. */
  as(changes: object): Shown;
}

/** Declares how something is shown, once for the answers and for the document. The example is spelled as in an answer. */
export function answerOf<Fields extends z.ZodRawShape>(name: string, fields: Fields, example: object): Answer<Fields> {
  const names = Object.keys(fields).map((field) => [field, toSnakeCase(field)] as const);
  const schema = inSnakeCase(z.object(fields)).meta({ id: name, examples: [example] });
  return {
    schema,
    example,
    of(entity) {
      const body: Record<string, unknown> = {};
      for (const [field, spelled] of names) body[spelled] = (entity as Record<string, unknown>)[field];
      return body;
    },
    as: (changes) => ({ schema, example: { ...example, ...changes } }),
  };
}

/** Many of something. */
export function listOf({ schema, example }: Shown): Shown {
  return { schema: z.array(schema), example: [example] };
}

/**
 * The body that an operation's input is read from: its fields in snake_case. `changed` has what older callers write
 * otherwise, by the name of the field; null for what they cannot say.
 */
export function bodyOf(
  input: z.ZodType,
  example: object,
  changed: Record<string, Record<string, z.ZodType> | null> = {},
): Shown {
  const fields = Object.entries(inSnakeCase(objectOf(input)).shape);
  const spelled = fields.flatMap(([name, field]) => {
    const change = changed[name];
    return change === undefined ? [[name, field]] : Object.entries(change ?? {});
  });
  return { schema: z.object(Object.fromEntries(spelled)), example };
}

/** An id of this entity. */
export function idOf(entity: Entity): z.ZodString {
  return z.string().regex(shapeOf(entity));
}

/** An object with any members. */
export const anyObject = z.unknown().meta({ override: { type: 'object', additionalProperties: true } });

export const EXAMPLE_TIME = '2026-11-20T09:30:00.000Z';

function inSnakeCase(schema: z.ZodObject): z.ZodObject {
  return z.object(Object.fromEntries(Object.entries(schema.shape).map(([name, field]) => [toSnakeCase(name), field])));
}

/** What goes into a schema that makes something else of it. */
function objectOf(schema: z.ZodType): z.ZodObject {
  if (schema instanceof z.ZodPipe) return objectOf(schema.in as z.ZodType);
  if (schema instanceof z.ZodObject) return schema;
  throw new TypeError('The input is no object.');
}
