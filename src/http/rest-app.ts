import { Hono } from 'hono';
import { cors } from 'hono/cors';
import type { Logger } from 'pino';
import { assistantRoutes } from '../assistants/rest.ts';
import { channelRoutes } from '../channels/rest.ts';
import type { Context } from '../context.ts';
import { InvalidInputError, NotFoundError, UnauthenticatedError } from '../errors.ts';
import { identityRoutes } from '../identities/rest.ts';
import { memoryRoutes } from '../memory/rest.ts';
import { stageRoutes } from '../stages/rest.ts';
import { turnRoutes } from '../turns/rest.ts';
import { looksLikeAccessToken } from '../workspaces/access-tokens.ts';
import { workspaceRoutes } from '../workspaces/rest.ts';
import { credentialOf } from './authentication.ts';
import { limitBody } from './body-limit.ts';
import type { StreamLimits } from './event-stream.ts';
import { GRAPHQL_PATH, type Graphql } from './graphql.ts';
import { problemResponse, statusOf, toDomainError } from './problem.ts';
import type { RestApi, RestContext, RestEnvironment } from './rest.ts';

export interface RoutesOptions {
  /** The context of whoever holds this credential; throws UnauthenticatedError. */
  authenticate(credential: string): Promise<Context>;
  graphql: Graphql;
  log: Logger;
  corsOrigins: string[];
  bodyLimitBytes: number;
  streamLimits: StreamLimits;
}

/** Everything that is served over HTTP, as one function from request to response. */
export function createRoutes(options: RoutesOptions): RestApi {
  const { authenticate, graphql, log, corsOrigins, bodyLimitBytes, streamLimits } = options;
  const api: RestApi = new Hono<RestEnvironment>();
  api.onError((error, c) => answerError(c, error, log));
  api.notFound((c) => answerError(c, new NotFoundError(`There is no route ${c.req.method} ${c.req.path}.`), log));
  if (corsOrigins.length > 0) openToOrigins(api, corsOrigins);
  api.use(limitBody(bodyLimitBytes));
  api.all(GRAPHQL_PATH, (c) =>
    graphql.fetch(c.req.raw, { context: () => authenticate(headerCredential(c)), outgoing: c.env?.outgoing }),
  );
  api.use(async (c, next) => {
    c.set('streamLimits', streamLimits);
    c.set('ctx', await authenticate(queryCredential(c) ?? headerCredential(c)));
    await next();
  });
  for (const addRoutes of [
    workspaceRoutes,
    stageRoutes,
    identityRoutes,
    memoryRoutes,
    assistantRoutes,
    channelRoutes,
    turnRoutes,
  ]) {
    addRoutes(api);
  }
  return api;
}

/** Lets pages of these origins read the answers (CORS); `*` is every origin. No cookies are used, so none are allowed. */
function openToOrigins(api: RestApi, origins: string[]): void {
  const any = origins.includes('*');
  // Where a page finds the turn of a stream, to rejoin or cancel it.
  api.use(cors({ origin: any ? '*' : origins, exposeHeaders: ['Content-Location'] }));
  // Event streams are written past Hono: what it would add must stand in Node's own response before.
  api.use(async (c, next) => {
    for (const [name, value] of c.res.headers) c.env?.outgoing?.setHeader(name, value);
    if (!any) c.env?.outgoing?.setHeader('Vary', 'Origin');
    await next();
  });
}

function headerCredential(c: RestContext): string {
  return credentialOf({ authorization: c.req.header('authorization'), apiKey: c.req.header('x-api-key') });
}

/** Browsers' `EventSource` cannot send headers, so a short-lived token may stand in the query; an API key never. */
function queryCredential(c: RestContext): string | undefined {
  const token = c.req.query('access_token');
  if (token !== undefined && !looksLikeAccessToken(token)) {
    throw new UnauthenticatedError(
      'access_token takes an access token, never an API key: make one with the mutation createAccessToken.',
    );
  }
  return token;
}

function answerError(c: RestContext, error: unknown, log: Logger): Response {
  if (!toDomainError(error))
    log.error({ err: error, method: c.req.method, path: c.req.path }, 'A request failed for a reason of our own');
  const status = error instanceof InvalidInputError ? (c.get('invalidInputStatus') ?? 400) : statusOf(error);
  return problemResponse(error, status);
}
