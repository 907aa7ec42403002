import { createHash } from 'node:crypto';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import type { GraphiQLOptions } from 'graphql-yoga';
import { pagePolicy } from './security-headers.ts';

const OPTIONS: GraphiQLOptions = {
  title: 'Milepost',
  // Over SSE the headers go along with a subscription; this explorer's WebSocket has no credentials.
  subscriptionsProtocol: 'SSE',
  headers: '{\n  "authorization": "Bearer YOUR_API_KEY"\n}',
  defaultQuery: `# Put your API key into the headers below, then run this.
{
  identity(by: { externalId: "demo" }) {
    name
    stage { key name }
    memory { key value }
    conversations(first: 1) {
      edges { node { id messages(last: 10) { edges { node { role text } } } } }
    }
  }
}
`,
};

let page: { html: string; scripts: string } | undefined;

/** GraphiQL in one page that loads nothing. Made when somebody asks for it: it has nine megabytes. */
export function explorerPage(): string {
  return madePage().html;
}

/** The policy of that page at a host: its own scripts run, and no others. */
export function explorerPolicy(host: string): string {
  const { scripts } = madePage();
  return pagePolicy(host, { script: scripts, style: "'self' 'unsafe-inline'", worker: "'self' blob:" });
}

function madePage(): { html: string; scripts: string } {
  if (!page) {
    const html = renderGraphiQL(OPTIONS);
    const hashes = Array.from(html.matchAll(/<script>([\s\S]*?)<\/script>/g), ([, script = '']) =>
      createHash('sha256').update(script).digest('base64'),
    );
    page = { html, scripts: hashes.map((hash) => `'sha256-${hash}'`).join(' ') };
  }
  return page;
}
