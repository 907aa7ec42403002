import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { launchBrowser, NO_BROWSER } from '../support/browser.ts';
import { openConsole } from '../support/console.ts';
import { prepareDemo } from '../support/demo.ts';
import { someone } from '../support/talk.ts';

const SUITE = 'the journey in the console';

describe.skipIf(NO_BROWSER)(NO_BROWSER ? `${SUITE}: ${NO_BROWSER}` : SUITE, () => {
  let browser: Browser;
  let app: TestApp;
  let page: Page;

  beforeAll(async () => {
    browser = await launchBrowser();
    app = await startTestApp();
    await prepareDemo(app);
    page = await openConsole(browser, app, { at: 'journey' });
  });
  afterAll(() => browser?.close());

  const move = (externalId: string, stage: string) =>
    app.rest('POST', `/identity/${externalId}/stage`, { stage_id: stage });
  const card = (stage: string) => page.locator(`[data-stage=${stage}]`);
  const counted = (stage: string, words: string) => card(stage).getByText(words, { exact: true }).waitFor();

  it('shows how many are in each stage', async () => {
    expect(await card('onboarding').getByRole('strong').textContent()).toBe('1');
    expect(await card('considering').getByRole('strong').textContent()).toBe('0');
  });

  it('moves when an identity moves by REST', async () => {
    await page.getByText('Live', { exact: true }).waitFor();
    await move('ada', 'considering');
    await counted('considering', '1');
    await counted('onboarding', '0');
    await counted('onboarding', '1 left');
  });

  it('tells who has moved, and leads to them', async () => {
    const newcomer = await someone(app);
    await move(newcomer, 'onboarding');
    const latest = page.locator('.moves li').first();
    await latest.getByText('Onboarding').waitFor();
    expect(await latest.getByRole('link').getAttribute('href')).toMatch(/^#\/identities\/idn_/);
  });

  it('shows the flows between stages, and how long people stayed', async () => {
    const row = page.getByRole('row').filter({ hasText: 'Onboarding' }).filter({ hasText: 'Considering' });
    expect(await row.locator('.amount').innerText()).toBe('1');
    expect(await page.locator('.arcs .bow').count()).toBe(2);
  });

  it('counts over the span that was chosen', async () => {
    await page.getByLabel('Span').selectOption('All time');
    await counted('onboarding', '2 came');
    expect(page.url()).toContain('days=all');
  });

  it('counts the conversion between two stages, again when somebody moves', async () => {
    const rate = page.locator('.rate');
    await rate.getByText('1 of 2').waitFor();
    const newcomer = await someone(app);
    await move(newcomer, 'onboarding');
    await rate.getByText('1 of 3').waitFor();
  });

  it('can be seen over one channel', async () => {
    await page.getByLabel('Channel').selectOption('Web chat');
    await counted('considering', '0');
    await app.rest('POST', '/conversation/ada/chat/web', { text: 'Hello' });
    await move('ada', 'onboarding');
    await counted('onboarding', '1');
  });
});
