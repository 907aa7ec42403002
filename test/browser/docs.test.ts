import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { violationsOn } from '../support/accessibility.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { launchBrowser, NO_BROWSER } from '../support/browser.ts';

const SUITE = 'the page about the REST API';

describe.skipIf(NO_BROWSER)(NO_BROWSER ? `${SUITE}: ${NO_BROWSER}` : SUITE, () => {
  let browser: Browser;
  let app: TestApp;

  beforeAll(async () => {
    browser = await launchBrowser();
    app = await startTestApp();
  });
  afterAll(() => browser?.close());

  /** What a window shows of it; whatever it asks for or complains of is written down. */
  async function open(options: BrowserContextOptions = {}): Promise<{ page: Page; asked: string[]; said: string[] }> {
    const page = await (await browser.newContext(options)).newPage();
    const asked: string[] = [];
    const said: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    page.on('console', (message) => said.push(message.text()));
    await page.goto(`${await app.origin()}/docs`);
    return { page, asked, said };
  }

  it('loads nothing from elsewhere, and its policy stands in the way of nothing', async () => {
    const { page, asked, said } = await open();
    const origin = await app.origin();
    expect(said).toEqual([]);
    expect(asked.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith('data:'))).toEqual([]);
    const style = await page.locator('nav').evaluate((nav) => getComputedStyle(nav).position);
    expect(style).toBe('sticky');
    await page.context().close();
  });

  it.each(['light', 'dark'] as const)('has nothing that axe complains about in %s', async (colorScheme) => {
    const { page } = await open({ colorScheme });
    expect(await violationsOn(page)).toEqual([]);
    await page.context().close();
  });

  it('fits a phone', async () => {
    const { page } = await open({ viewport: { width: 390, height: 844 } });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    await page.context().close();
  });

  it('leads from its list to each route', async () => {
    const { page } = await open();
    await page.getByRole('link', { name: 'Send a message and stream the reply' }).click();
    const heading = page.getByRole('heading', { name: 'Send a message and stream the reply' });
    await heading.waitFor();
    expect(page.url()).toContain('#streamReply');
    const { document } = { document: (await app.rest('GET', '/openapi.json')).body };
    const operations = Object.values<object>(document.paths).flatMap((item) => Object.values(item));
    expect(await page.locator('article .route').count()).toBe(operations.length);
    await page.context().close();
  });
});
