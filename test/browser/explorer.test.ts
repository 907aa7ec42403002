import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { installedBrowser, launchBrowser } from '../support/browser.ts';
import { prepareDemo } from '../support/demo.ts';

const SUITE = 'the explorer in a browser';

describe.skipIf(!installedBrowser)(
  installedBrowser ? SUITE : `${SUITE}: skipped, no Chromium is installed (apt-get install chromium)`,
  () => {
    let browser: Browser;
    let app: TestApp;

    beforeAll(async () => {
      browser = await launchBrowser();
      app = await startTestApp();
      await prepareDemo(app);
    });
    afterAll(() => browser?.close());

    it('asks and shows the answer, and its policy stands in the way of nothing', async () => {
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (/Content Security Policy|Refused to/.test(message.text())) complaints.push(message.text());
      });
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      const origin = await app.origin();
      const query = '{ identity(by: { externalId: "ada" }) { name } }';
      await page.goto(`${origin}/graphql?${new URLSearchParams({ query })}`);
      await page.setExtraHTTPHeaders({ authorization: `Bearer ${app.credential}` });
      await page.getByRole('button', { name: /execute query/i }).click();
      await page.getByText('"name": "Ada"').waitFor();
      expect(complaints).toEqual([]);
      expect(asked.filter((url) => !url.startsWith(origin) && !/^(data|blob):/.test(url))).toEqual([]);
    });
  },
);
