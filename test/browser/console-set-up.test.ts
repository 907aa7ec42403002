import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { launchBrowser, NO_BROWSER } from '../support/browser.ts';
import { closeConsole, openConsole } from '../support/console.ts';
import { prepareDemo } from '../support/demo.ts';

const SUITE = 'the set-up in the console';

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

  const open = async (part: string, key = app.credential) => {
    page = await openConsole(browser, app, { at: `set-up/${part}`, key });
  };
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const dialog = () => page.getByRole('dialog');
  const submit = async (name: string) => dialog().getByRole('button', { name, exact: true }).click();
  const closed = () => dialog().waitFor({ state: 'detached' });

  it('makes a stage with what happens in it', async () => {
    await open('stages');
    await button('New stage').click();
    await page.getByLabel('Name').fill('Almost there');
    await page.getByLabel('Only some stages').check();
    await page.getByRole('checkbox', { name: 'Considering' }).check();
    await button('Add an opening message').click();
    await page.getByLabel('Text').fill('Nearly, {{identity.name}}!');
    await button('Add a move after silence').click();
    await page.getByLabel('After', { exact: true }).fill('2');
    await button('Add a webhook').click();
    await page.getByLabel('Address').fill('https://example.com/hooks');
    await button('Make one').click();
    await submit('Create');
    await closed();
    const { stage } = await app.query(
      `{ stage(by: { key: "almost_there" }) { allowedNext { key } effects {
          ... on OpeningMessage { text channel { key } } ... on MoveAfter { seconds stage { key } } ... on Webhook { url secretSet }
        } } }`,
    );
    expect(stage).toEqual({
      allowedNext: [{ key: 'considering' }],
      effects: [
        { text: 'Nearly, {{identity.name}}!', channel: { key: 'web' } },
        { seconds: 172_800, stage: { key: 'onboarding' } },
        { url: 'https://example.com/hooks', secretSet: true },
      ],
    });
  });

  it('changes a stage and keeps what was not touched, the secret of a webhook too', async () => {
    await open('stages');
    await button('Change Almost there').click();
    await page.getByLabel('Name').fill('Nearly there');
    await submit('Save');
    await closed();
    await page.getByText('Tells https://example.com/hooks, signed').waitFor();
    await page.getByText('Followed by Considering only').waitFor();
  });

  it('says beside each field what is wrong with it', async () => {
    await open('stages');
    await button('New stage').click();
    await page.getByLabel('Name').fill('x');
    await button('Add a webhook').click();
    await page.getByLabel('Address').fill('nowhere');
    await submit('Create');
    const faults = page.locator('.fault');
    await faults.nth(1).waitFor();
    expect(await faults.allTextContents()).toEqual([
      expect.stringContaining('3 characters'),
      expect.stringContaining('http'),
    ]);
  });

  it('archives a stage after a question', async () => {
    await open('stages');
    await button('Archive Nearly there').click();
    await submit('Archive');
    await closed();
    await page.getByText('Nearly there').waitFor({ state: 'detached' });
    await page.getByLabel('Archived too').check();
    await page.getByText('archived', { exact: true }).waitFor();
  });

  it('makes a worker, its assistant, and a channel it answers on', async () => {
    await open('workers');
    await button('New worker').click();
    await page.getByLabel('Name').fill('Sales');
    await submit('Create');
    await closed();
    await button('Add an assistant to Sales').click();
    await page.getByLabel('Name').fill('Seller');
    await submit('Create and write its instructions');
    await page.getByRole('heading', { level: 1, name: 'Seller' }).waitFor();
    await page.getByText('Nobody can be answered yet.').waitFor();
    await page.getByRole('link', { name: 'Set-up' }).click();
    await page.getByRole('link', { name: 'Channels' }).click();
    await button('New channel').click();
    await page.getByLabel('Name').fill('Shop window');
    await page.getByLabel('Worker').selectOption('Sales');
    await page.getByLabel('A message while').selectOption('REJECT');
    await submit('Create');
    await closed();
    await page.getByText('Sales answers').waitFor();
    const { body } = await app.rest('POST', '/conversation/ada/chat/shop_window', { text: 'Hello' });
    expect(body.data.text).toBe('Echo: Hello');
  });

  it('closes a channel, and keeps its other settings', async () => {
    await app.rest('POST', '/channels', { name: 'By post', settings: { stamps: 3 } });
    await open('channels');
    await button('Change By post').click();
    await page.getByLabel('Takes messages').uncheck();
    await submit('Save');
    await closed();
    await page.getByText('closed', { exact: true }).waitFor();
    expect((await app.rest('GET', '/channels/by_post')).body.data).toMatchObject({
      is_active: false,
      settings: { stamps: 3 },
    });
  });

  it('shows the secret of a new key once', async () => {
    await open('keys');
    await button('New key').click();
    await page.getByLabel('Name').fill('For the shop');
    await page.getByLabel('Write').uncheck();
    await submit('Make it');
    const secret = (await page.locator('.secret code').textContent()) ?? '';
    const caller = app.withCredential(secret);
    expect((await caller.execute('{ workspace { id } }')).errors).toBeUndefined();
    expect((await caller.rest('POST', '/stages', { name: 'Mine' })).status).toBe(403);
    await button('Done').click();
    await page.getByRole('rowheader', { name: 'For the shop' }).waitFor();
    expect(await page.getByText(secret).count()).toBe(0);
  });

  it('revokes a key after a question', async () => {
    await open('keys');
    await button('Revoke For the shop').click();
    await submit('Revoke');
    await page.getByRole('rowheader', { name: 'For the shop' }).waitFor({ state: 'detached' });
  });

  it('says what a key that may only read cannot do', async () => {
    await open('stages', (await app.withPermissions('READ')).credential);
    await button('New stage').click();
    await page.getByLabel('Name').fill('Not mine');
    await submit('Create');
    await dialog().getByRole('alert').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('link', { name: 'API keys' }).click();
    await page.getByRole('alert').waitFor();
  });
});
