import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { TestApp } from './app.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const STORED_AS = 'milepost.api-key';

export interface ConsoleOptions extends BrowserContextOptions {
  /** Where in the console, such as `journey`. */
  at?: string;
  /** Signed in with this key; null: not signed in. */
  key?: string | null;
  /** Where the server is reached. */
  origin?: string;
}

/** A new window of its own, as of another person, with the console in it. Fails on errors of the page's own. */
export async function openConsole(browser: Browser, app: TestApp, options: ConsoleOptions = {}): Promise<Page> {
  requireFreshBuild();
  const { at = '', key = app.credential, origin = await app.origin(), ...context } = options;
  const page = await (await browser.newContext(context)).newPage();
  // Less than a test may take, so that what was waited for is named.
  page.setDefaultTimeout(15_000);
  page.on('pageerror', (error) => {
    throw error;
  });
  if (key !== null) {
    await page.addInitScript(([name, value]) => sessionStorage.setItem(name, value), [STORED_AS, key] as const);
  }
  await page.goto(`${origin}/#/${at}`);
  return page;
}

/** Closes a page with its window. */
export async function closeConsole(page: Page): Promise<void> {
  await page.context().close();
}

/** The id of an identity with this external id, by which the console addresses it. */
export async function idOf(app: TestApp, externalId: string): Promise<string> {
  const { identity } = await app.query('query ($by: IdentityReference!) { identity(by: $by) { id } }', {
    by: { externalId },
  });
  return identity.id;
}

/** Tests of what was built from other sources would say nothing. */
function requireFreshBuild(): void {
  const built = globSync('build/console/index.html', { cwd: ROOT }).map((path) => statSync(join(ROOT, path)).mtimeMs);
  const sources = globSync('src/console/**/*.{ts,tsx,css,html,svg}', { cwd: ROOT, exclude: ['**/schema-types.ts'] });
  const newest = Math.max(...sources.map((path) => statSync(join(ROOT, path)).mtimeMs));
  if ((built[0] ?? 0) < newest) throw new Error('The console is older than its sources: run `npm run generate`.');
}
