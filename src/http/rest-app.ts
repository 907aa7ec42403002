import { Hono, type MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import type { Logger } from 'pino';
import { assistantRoutes } from '../assistants/rest.ts';
import { channelRoutes } from '../channels/rest.ts';
import type { Context } from '../context.ts';
import { InvalidInputError, NotFoundError } from '../errors.ts';
import { identityRoutes } from '../identities/rest.ts';
import { memoryRoutes } from '../memory/rest.ts';
import type { Readiness } from '../readiness.ts';
import { stageRoutes } from '../stages/rest.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { turnRoutes } from '../turns/rest.ts';
import { workspaceRoutes } from '../workspaces/rest.ts';
import { credentialOf, refuseApiKeyIn } from './authentication.ts';
import { limitBody } from './body-limit.ts';
import { addConsole } from './console.ts';
import { addDocs } from './docs.ts';
import type { StreamLimits } from './event-stream.ts';
import { GRAPHQL_PATH, type Graphql } from './graphql.ts';
import { addHealthRoutes } from './health.ts';
import { answerExplorer, asksForExplorer, securePages } from './pages.ts';
import { problemResponse, statusOf, toDomainError } from './problem.ts';
import { takeRequest } from './request-quota.ts';
import { recordRequests } from './request-record.ts';
import type { RestApi, RestContext, RestEnvironment } from './rest.ts';

/** Where a page finds the turn of a stream, to rejoin or cancel it; how often it may ask; what to name in a complaint. */
const READABLE_HEADERS = ['Content-Location', 'RateLimit', 'RateLimit-Policy', 'Retry-After', 'X-Request-Id'];
/** How long browsers keep what a preflight has allowed. */
const PREFLIGHT_SECONDS = 600;

export interface RoutesOptions {
  /** The context of whoever holds this credential; throws UnauthenticatedError. */
  authenticate(credential: string): Promise<Context>;
  graphql: Graphql;
  log: Logger;
  telemetry: Telemetry;
  readiness: Readiness;
  corsOrigins: string[];
  bodyLimitBytes: number;
  streamLimits: StreamLimits;
  /** Whether the page to try GraphQL with is served. */
  explorer: boolean;
  /** The version of the server. */
  version: string;
}

/** Everything that is served over HTTP, as one function from request to response. */
export function createRoutes(options: RoutesOptions): RestApi {
  const { authenticate, graphql, log, telemetry, readiness, corsOrigins, bodyLimitBytes, streamLimits } = options;
  const { explorer, version } = options;
  const api: RestApi = new Hono<RestEnvironment>();
  api.onError((error, c) => answerError(c, error, log));
  api.notFound((c) => answerError(c, new NotFoundError(`There is no route ${c.req.method} ${c.req.path}.`), log));
  api.use(recordRequests(log, telemetry));
  addHealthRoutes(api, readiness);
  if (corsOrigins.length > 0) openToOrigins(api, corsOrigins);
  api.use(securePages());
  api.use(refuseMalformedAddress);
  api.use(limitBody(bodyLimitBytes));
  api.all(GRAPHQL_PATH, (c) => {
    if (explorer && asksForExplorer(c)) return answerExplorer(c);
    let context: Promise<Context> | undefined;
    const open = async () => {
      const opened = await authenticate(headerCredential(c));
      await takeRequest(c, opened);
      return opened;
    };
    const request = {
      context: () => {
        context ??= open();
        return context;
      },
      executes: (operation: string | undefined) => c.set('operation', operation),
    };
    // In two parts: Yoga makes a single one the prototype of another, whose hidden class then is that of one request alone.
    return graphql.fetch(c.req.raw, request, { outgoing: c.env?.outgoing });
  });
  addConsole(api);
  addDocs(api, { version, explorer });
  api.use(async (c, next) => {
    c.set('streamLimits', streamLimits);
    const ctx = await authenticate(queryCredential(c) ?? headerCredential(c));
    await takeRequest(c, ctx);
    c.set('ctx', ctx);
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
  api.use(cors({ origin: any ? '*' : origins, exposeHeaders: READABLE_HEADERS, maxAge: PREFLIGHT_SECONDS }));
  // Event streams are written past Hono: what it would add must stand in Node's own response before.
  api.use(async (c, next) => {
    for (const [name, value] of c.res.headers) c.env?.outgoing?.setHeader(name, value);
    if (!any) c.env?.outgoing?.setHeader('Vary', 'Origin');
    await next();
  });
}

/** An escape that is no UTF-8 would otherwise stand for itself, so that two addresses name one thing. */
const refuseMalformedAddress: MiddlewareHandler<RestEnvironment> = async (c, next) => {
  try {
    if (c.req.url.includes('%')) decodeURIComponent(c.req.url);
  } catch {
    throw new InvalidInputError([{ path: '', message: 'The address is not percent-encoded UTF-8.' }]);
  }
  await next();
};

function headerCredential(c: RestContext): string {
  refuseApiKeyIn(c.req.url);
  return credentialOf({ authorization: c.req.header('authorization'), apiKey: c.req.header('x-api-key') });
}

/** Browsers' `EventSource` cannot send headers, so a short-lived token may stand in the query; an API key never. */
function queryCredential(c: RestContext): string | undefined {
  refuseApiKeyIn(c.req.url);
  return c.req.query('access_token');
}

function answerError(c: RestContext, error: unknown, log: Logger): Response {
  if (!toDomainError(error)) log.error({ err: error }, 'A request failed for a reason of our own');
  const status = error instanceof InvalidInputError ? (c.get('invalidInputStatus') ?? 400) : statusOf(error);
  return problemResponse(error, status);
}
