import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { launchBrowser, NO_BROWSER } from '../support/browser.ts';
import { closeConsole, openConsole } from '../support/console.ts';
import { prepareDemo } from '../support/demo.ts';
import { mutate } from '../support/mutate.ts';

const SUITE = 'signing in to the console';

describe.skipIf(NO_BROWSER)(NO_BROWSER ? `${SUITE}: ${NO_BROWSER}` : SUITE, () => {
  let browser: Browser;
  let app: TestApp;
  let page: Page;

  beforeAll(async () => {
    browser = await launchBrowser();
    app = await startTestApp();
    await prepareDemo(app);
  });
  afterEach(() => closeConsole(page));
  afterAll(() => browser?.close());

  async function signIn(key: string) {
    await page.getByLabel('API key').fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  const heading = (name: string) => page.getByRole('heading', { level: 1, name });

  it('refuses a wrong key and says so beside the field', async () => {
    page = await openConsole(browser, app, { key: null });
    await signIn('mp_not_a_key');
    await page.getByText('The server refused this key.').waitFor();
    const field = page.getByLabel('API key');
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    expect(await field.evaluate((element) => document.activeElement === element)).toBe(true);
  });

  it.each([
    ['nothing', '', 'Paste a key first.'],
    ['what no header can carry', 'ключ', 'The server refused this key.'],
  ])('asks the server nothing for %s', async (_what, key, message) => {
    page = await openConsole(browser, app, { key: null });
    await heading('Milepost').waitFor();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await signIn(key);
    await page.getByText(message).waitFor();
    expect(asked).toEqual([]);
  });

  it('tells an access token from an API key', async () => {
    const { token } = await mutate(app, 'createAccessToken', { identity: { externalId: 'ada' } }, 'token');
    page = await openConsole(browser, app, { key: null });
    await signIn(token);
    await page.getByText('The console needs an API key.').waitFor();
  });

  it('leads to the page that was asked for', async () => {
    page = await openConsole(browser, app, { key: null, at: 'assistants' });
    await signIn(app.credential);
    await heading('Assistants').waitFor();
  });

  it('keeps the key for this tab, and nowhere else', async () => {
    page = await openConsole(browser, app, { key: null });
    await signIn(app.credential);
    await heading('Journey').waitFor();
    await page.reload();
    await heading('Journey').waitFor();
    const kept = await page.evaluate(() => [
      Object.values(sessionStorage),
      Object.values(localStorage),
      document.cookie,
    ]);
    expect(kept).toEqual([[app.credential], [], '']);
    const other = await page.context().newPage();
    await other.goto(await app.origin());
    await other.getByLabel('API key').waitFor();
  });

  it('works where only listed operations are executed', async () => {
    const strict = await startTestApp({
      environment: { GRAPHQL_OPERATIONS: 'build/console/operations', GRAPHQL_OPERATIONS_ONLY: '1' },
    });
    await strict.rest('POST', '/stages', { name: 'Onboarding' });
    page = await openConsole(browser, strict, { key: null });
    await signIn(strict.credential);
    await page.getByRole('link', { name: 'Onboarding' }).waitFor();
  });

  it('ends with signing out', async () => {
    page = await openConsole(browser, app);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('API key').waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
  });

  const newKey = () =>
    mutate(app, 'createApiKey', { name: 'To be revoked', permissions: ['READ'] }, 'secret apiKey { id }');

  it('ends when the key is revoked, and says so', async () => {
    const { secret, apiKey } = await newKey();
    page = await openConsole(browser, app, { key: secret });
    await page.getByText('Live', { exact: true }).waitFor();
    await mutate(app, 'revokeApiKey', { id: apiKey.id });
    await page.getByText('The server refused this API key.').waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
  });

  it('ends with the next question when the key was revoked while nothing was followed', async () => {
    const { secret, apiKey } = await newKey();
    page = await openConsole(browser, app, { key: secret, at: 'identities' });
    await page.getByRole('link', { name: 'Ada' }).waitFor();
    await mutate(app, 'revokeApiKey', { id: apiKey.id });
    await page.getByRole('searchbox').fill('Ada');
    await page.getByText('The server refused this API key.').waitFor();
  });
});
