import { signal } from '@preact/signals';

/** Where in the console one is: `#/identities/idn_1?turn=trn_2`. It stands behind the `#`, so that no path of the server is taken. */
export interface Route {
  path: string[];
  query: Record<string, string>;
}

export const route = signal<Route>(parse(location.hash));

addEventListener('hashchange', () => {
  route.value = parse(location.hash);
});

function parse(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  return {
    path: path.split('/').filter(Boolean).map(decoded),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** The address of a place in the console; what is undefined or empty is left out of the query. */
export function href(path: readonly string[], query: Record<string, string | undefined> = {}): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const search = given.length > 0 ? `?${new URLSearchParams(given)}` : '';
  return `#/${path.map(encodeURIComponent).join('/')}${search}`;
}

/** Goes there, as if a link had been followed. */
export function go(path: readonly string[], query?: Record<string, string | undefined>): void {
  location.hash = href(path, query);
}

/** Changes where one is without a step in the browser's history. */
export function become(path: readonly string[], query?: Record<string, string | undefined>): void {
  history.replaceState(null, '', href(path, query));
  route.value = parse(location.hash);
}
