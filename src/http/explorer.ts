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
  const address = new URL(location.href);
  const given = new URLSearchParams(address.hash.slice(1)).get('key');
  if (given) sessionStorage.setItem(STORED_AS, given);
  history.replaceState({}, '', address.pathname);
  const key = given || sessionStorage.getItem(STORED_AS) || 'YOUR_API_KEY';
  const preset = JSON.stringify({ authorization: 'Bearer ' + key }, null, 2);
  let headers = preset;
  render(root, {
    ...options,
    query: address.searchParams.get('query') ?? undefined,
    headers: preset,
    initialHeaders: preset,
    onEditHeaders: (edited) => { headers = edited; },
    onTabChange: ({ tabs, activeTabIndex }) => { headers = tabs[activeTabIndex].headers ?? preset; },
    // The address stays as it is: of many tabs it could name only one.
    onEditQuery: () => {},
    connectionParams: () => JSON.parse(headers || '{}'),
    storage: storageOf(localStorage),
  });
}

/** What was edited last is asked for by itself; it is what the tab holds that is in front, or else another tab would be made for it. */
function storageOf(storage) {
  const inFront = () => {
    const { tabs = [], activeTabIndex = 0 } = JSON.parse(storage.getItem('graphiql:tabState') ?? '{}');
    return tabs[activeTabIndex];
  };
  const derived = { 'graphiql:query': (tab) => tab.query, 'graphiql:variables': (tab) => tab.variables };
  return {
    get length() { return storage.length; },
    getItem: (name) => (name in derived ? (inFront() ? derived[name](inFront()) : null) : storage.getItem(name)),
    setItem: (name, value) => { if (!(name in derived)) storage.setItem(name, value); },
    removeItem: (name) => storage.removeItem(name),
    clear: () => storage.clear(),
  };
}
`;
/** Where there are several tabs, the one that is pressed slides away from below the pointer, and the click misses it. */
const STILL_TABS = '.graphiql-tab { transform: none !important; }';
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
  const html = renderGraphiQL(OPTIONS)
    .replace(ROOT, () => `<style>${STILL_TABS}</style>${ROOT}<script>${CONNECTED}</script>`)
    .replace(RENDER, () => 'renderConnected(YogaGraphiQL.renderYogaGraphiQL, ');
  const hashes = Array.from(html.matchAll(/<script>([\s\S]*?)<\/script>/g), ([, script = '']) =>
    createHash('sha256').update(script).digest('base64'),
  );
  return { html, scripts: hashes.map((hash) => `'sha256-${hash}'`).join(' ') };
}
