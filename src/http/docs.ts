import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { docsPage } from './docs-page.ts';
import { describeRoutes, type OpenApiDocument } from './openapi.ts';
import type { RestApi } from './rest.ts';

const STYLE = readFileSync(join(import.meta.dirname, 'docs.css'), 'utf8');

/** Serves what there is to know of the REST API, to everybody: for programs (OpenAPI), and as a page for people. */
export function addDocs(api: RestApi, { version, explorer }: { version: string; explorer: boolean }): void {
  let document: OpenApiDocument | undefined;
  // Made when it is asked for: by then every route is there.
  const read = () => {
    document ??= describeRoutes(api.routes, version);
    return document;
  };
  api.get('/openapi.json', (c) => c.json(read()));
  api.get('/docs', (c) => c.html(docsPage(read(), { origin: new URL(c.req.url).origin, explorer })));
  api.get('/docs/style.css', (c) => c.body(STYLE, 200, { 'Content-Type': 'text/css; charset=utf-8' }));
}
