import type { ServerResponse } from 'node:http';
import type { Hono, Context as HonoContext } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { parseInput, sizes } from '../input.ts';
import type { StreamLimits } from './event-stream.ts';
import { readJsonObject } from './json-body.ts';

export interface RestEnvironment {
  Bindings: { outgoing?: ServerResponse };
  Variables: {
    ctx: Context;
    streamLimits: StreamLimits;
    /** The kind of a GraphQL operation and the fields it asks for. */
    operation?: string;
    /** Set by a route whose wrong input is not answered with 400. */
    invalidInputStatus?: 422;
  };
}

/** What a feature adds its REST routes to; credentials are checked before any of them runs. */
export type RestApi = Hono<RestEnvironment>;
export type RestContext = HonoContext<RestEnvironment>;

/** A success as the older API words it. */
export function answer(c: RestContext, status: ContentfulStatusCode, message: string, data?: unknown): Response {
  return c.json(data === undefined ? { message } : { message, data }, status);
}

/** The JSON object of the body, its snake_case members in camelCase; an empty body is an empty object. */
export async function readBody(c: RestContext): Promise<Record<string, unknown>> {
  const body = await readJsonObject(c.req);
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [toCamelCase(name), value]));
}

/** What lists take. */
export const PAGE = z.object({
  page: z.coerce.number().int().min(1).max(1_000_000).default(1).describe('Counts from 1.'),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(100, { abort: true })
    .refine((limit) => limit <= sizes.pageSize, { error: () => `must be at most ${sizes.pageSize}` })
    .default(() => Math.min(25, sizes.pageSize))
    .describe('How many a page has.'),
});

/** `?page&limit` as what to skip and take; pages count from 1. */
export function readPage(c: RestContext): { skip: number; take: number } {
  const { page, limit } = parseInput(PAGE, c.req.query());
  return { skip: (page - 1) * limit, take: limit };
}

/** The first word of a path is a field of ours and changes its spelling (a header keeps its own); the rest is the caller's own data. */
export function toSnakeCasePath(path: string): string {
  return path.replace(/^[^.]+/, toSnakeCase);
}

/** A field of ours as this API spells it. */
export function toSnakeCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function toCamelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}
