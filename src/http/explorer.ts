import { createHash } from 'node:crypto';
import type { GraphiQLOptions } from 'graphql-yoga';
import { EXAMPLES } from './explorer-examples.ts';
import { pagePolicy } from './security-headers.ts';

const OPTIONS: GraphiQLOptions = {
  title: 'Milepost',
  subscriptionsProtocol: 'WS',
  defaultTabs: EXAMPLES.map(({ query, variables = null }) => ({ query, variables, headers: null })),
  // Keys do not outlive the tab.
  shouldPersistHeaders: false,
};

/**
 * What the page does besides. A key in the fragment of its address, which no server is ever told, or one the console in the
 * same tab is signed in with, is filled in; and the WebSocket is opened with what the editor of the headers holds by then.
 */
const CONNECTED = `
function renderConnected(render, root, options) {
  const STORED_AS = 'milepost.api-key';
  const given = new URLSearchParams(location.hash.slice(1)).get('key');
  if (given) {
    sessionStorage.setItem(STORED_AS, given);
    history.replaceState({}, '', location.pathname + location.search);
  }
  const key = given || sessionStorage.getItem(STORED_AS) || 'YOUR_API_KEY';
  const preset = JSON.stringify({ authorization: 'Bearer ' + key }, null, 2);
  let headers = preset;
  render(root, {
    ...options,
    headers: preset,
    onEditHeaders: (edited) => { headers = edited; },
    onTabChange: ({ tabs, activeTabIndex }) => { headers = tabs[activeTabIndex].headers ?? preset; },
    connectionParams: () => JSON.parse(headers || '{}'),
  });
}
`;
const ROOT = '<div id="root"></div>';
const RENDER = 'YogaGraphiQL.renderYogaGraphiQL(';

/** A page and what its policy has to let run. */
interface Page {
  html: string;
  scripts: string;
}

let page: Promise<Page> | undefined;

/** GraphiQL in one page that loads nothing, and its policy at a host: its own scripts run, and no others. */
export async function explorerPage(host: string): Promise<{ html: string; policy: string }> {
  page ??= makePage();
  const { html, scripts } = await page;
  const policy = pagePolicy(host, { script: scripts, style: "'self' 'unsafe-inline'", worker: "'self' blob:" });
  return { html, policy };
}

/** Nothing of it is loaded before somebody asks for it: the package takes thirty megabytes. */
async function makePage(): Promise<Page> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL(OPTIONS);
  const hashes = Array.from(html.matchAll(/<script>([\s\S]*?)<\/script>/g), ([, script = '']) =>
    createHash('sha256').update(script).digest('base64'),
  );
  return { html, scripts: hashes.map((hash) => `'sha256-${hash}'`).join(' ') };
}
