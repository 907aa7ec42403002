import type { MiddlewareHandler } from 'hono';
import { explorerPage } from './explorer.ts';
import type { RestContext, RestEnvironment } from './rest.ts';
import { pagePolicy } from './security-headers.ts';

/** Gives every page that has no policy of its own that of pages of ours; all else is data, which runs and loads nothing. */
export function securePages(): MiddlewareHandler<RestEnvironment> {
  return async (c, next) => {
    await next();
    const { headers } = c.res;
    if (!headers.get('content-type')?.startsWith('text/html') || headers.has('content-security-policy')) return;
    c.header('Content-Security-Policy', pagePolicy(hostOf(c)));
  };
}

/** Whether a person looks at the address of GraphQL in a browser. */
export function asksForExplorer({ req }: RestContext): boolean {
  return req.method === 'GET' && Boolean(req.header('accept')?.includes('text/html'));
}

/** The page to try GraphQL with. */
export async function answerExplorer(c: RestContext): Promise<Response> {
  const { html, policy } = await explorerPage(hostOf(c));
  return c.html(html, 200, { 'Content-Security-Policy': policy });
}

function hostOf({ req }: RestContext): string {
  return new URL(req.url).host;
}
