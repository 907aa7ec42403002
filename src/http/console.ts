import { join } from 'node:path';
import { serveStatic } from '@hono/node-server/serve-static';
import type { MiddlewareHandler } from 'hono';
import { compress } from 'hono/compress';
import { etag } from 'hono/etag';
import type { RestApi, RestEnvironment } from './rest.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const NOT_BUILT =
  'The console has not been built. Run `npm run generate` in the folder of Milepost, then reload this page.\n';

/**
 * Serves the console that was built in the folder of Milepost: its page at `/`, everything the page loads under
 * `/console/`. It holds no data, so it needs no credentials.
 */
export function addConsole(api: RestApi, root = ROOT): void {
  api.use('/console/*', compress(), etag());
  // It names the files of its build, so it must not be older than they are. Without an ETag: an answer that it has not
  // changed would bring the policy of an answer without a page, and browsers put that in the place of the page's own.
  api.get('/', cache('no-cache'), serveStatic({ path: join(root, 'build', 'console', 'index.html') }), (c) =>
    c.text(NOT_BUILT, 503),
  );
  // What is in a file is in its name.
  api.get(
    '/console/assets/*',
    cache('public, max-age=31536000, immutable'),
    serveStatic({ root, rewriteRequestPath: (path) => `/build${path}` }),
  );
  api.all('/console/*', (c) => c.notFound());
}

/** How long a file that was found may be kept. */
function cache(control: string): MiddlewareHandler<RestEnvironment> {
  return async (c, next) => {
    await next();
    if (c.res.ok) c.header('Cache-Control', control);
  };
}
