import type { ServerResponse } from 'node:http';
import type { MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { Logger } from 'pino';
import { requestIdOf } from '../telemetry/request-id.ts';
import { inScope } from '../telemetry/scope.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { type Span, traceContextOf } from '../telemetry/tracing.ts';
import { GRAPHQL_PATH } from './graphql.ts';
import type { RestContext, RestEnvironment } from './rest.ts';

/** What a client that left before it was answered is recorded with, as nginx does. */
const CLIENT_LEFT = 499;
/** Asked for every few seconds: of interest only to whoever looks for it. */
const PROBE = /^\/health\//;
const MIDDLEWARE = /^(\/?\*)$/;

/**
 * Gives every request its name, a span, a line in the log and its place in the figures. Told are the pattern of the route and
 * never the address, which may hold tokens, messages and what a caller calls its users.
 */
export function recordRequests(log: Logger, { metrics, tracer }: Telemetry): MiddlewareHandler<RestEnvironment> {
  return (c, next) => {
    const { outgoing } = c.env ?? {};
    const requestId = requestIdOf(c.req.header('x-request-id'));
    const caller = traceContextOf(c.req.header('traceparent'), c.req.header('tracestate'));
    const span = inScope({ trace: caller }, () => tracer.span(c.req.method, { kind: 'server' }));
    const scope = { requestId, trace: span.context };
    return inScope(scope, async () => {
      const end = recorder(c, span, log, metrics);
      // Event streams are written past Hono: what it would add must stand in Node's own response before.
      outgoing?.setHeader('X-Request-Id', requestId);
      // An answer that streams is complete when its connection is done with it.
      outgoing?.once('close', () => inScope(scope, () => end(statusOf(outgoing))));
      await next();
      if (outgoing) return countStream(c, outgoing, metrics);
      c.header('X-Request-Id', requestId);
      end(c.res.status);
    });
  };
}

/** What is to be called with the status at the end. */
function recorder(c: RestContext, span: Span, log: Logger, metrics: Telemetry['metrics']): (status: number) => void {
  const begun = performance.now();
  const { method } = c.req;
  return (status) => {
    const ms = performance.now() - begun;
    const route = routeOf(c);
    const operation = c.get('operation');
    span.rename(`${method} ${route}`);
    span.set({
      'http.request.method': method,
      'http.route': route,
      'http.response.status_code': status,
      'graphql.operation.name': operation,
    });
    if (status >= 500) span.fail(String(status));
    span.end();
    metrics.requestEnded({ method, route, status, seconds: ms / 1000 });
    const line = { method, route, operation, status, ms: Math.round(ms), workspaceId: c.get('ctx')?.workspaceId };
    if (PROBE.test(route)) log.debug(line, 'Request');
    else log.info(line, 'Request');
  };
}

/** The pattern of the route that answers; whatever callers make up is one and the same. */
function routeOf(c: RestContext): string {
  return matchedRoutes(c).findLast(({ path }) => !MIDDLEWARE.test(path))?.path ?? 'unknown';
}

function statusOf(outgoing: ServerResponse): number {
  return outgoing.headersSent ? outgoing.statusCode : CLIENT_LEFT;
}

/** Only event streams are begun while their route runs. */
function countStream(c: RestContext, outgoing: ServerResponse, metrics: Telemetry['metrics']): void {
  if (!outgoing.headersSent || outgoing.destroyed) return;
  const door = c.req.path === GRAPHQL_PATH ? 'graphql_sse' : 'rest';
  metrics.streamOpened(door);
  outgoing.once('close', () => metrics.streamClosed(door));
}
