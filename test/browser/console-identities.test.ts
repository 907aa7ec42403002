import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { launchBrowser, NO_BROWSER } from '../support/browser.ts';
import { closeConsole, idOf, openConsole } from '../support/console.ts';
import { prepareDemo } from '../support/demo.ts';
import { mutate } from '../support/mutate.ts';
import { someone } from '../support/talk.ts';

const SUITE = 'identities in the console';

describe.skipIf(NO_BROWSER)(NO_BROWSER ? `${SUITE}: ${NO_BROWSER}` : SUITE, () => {
  let browser: Browser;
  let app: TestApp;
  let page: Page;

  beforeAll(async () => {
    browser = await launchBrowser();
    app = await startTestApp();
    await prepareDemo(app);
    await app.rest('POST', '/stages', { name: 'Retired' });
  });
  afterEach(() => closeConsole(page));
  afterAll(() => browser?.close());

  const open = async (externalId: string) => {
    page = await openConsole(browser, app, { at: `identities/${await idOf(app, externalId)}` });
  };
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const panel = (title: string) => page.locator('.panel').filter({ has: page.getByRole('heading', { name: title }) });
  const memoryOf = async (externalId: string) =>
    (await app.rest('GET', `/memory/from/${externalId}`)).body.data.map(({ key, value }: Record<string, unknown>) => [
      key,
      value,
    ]);
  const stageOf = async (externalId: string) =>
    (
      await app.query('query ($by: IdentityReference!) { identity(by: $by) { stage { key } } }', {
        by: { externalId },
      })
    ).identity.stage?.key;

  it('are found by a part of what is known of them', async () => {
    await app.rest('PUT', '/identity/grace', { name: 'Grace', email: 'grace@navy.example' });
    page = await openConsole(browser, app, { at: 'identities' });
    await page.getByRole('link', { name: 'Ada' }).waitFor();
    await page.getByRole('searchbox').fill('NAVY');
    await page.getByRole('link', { name: 'Ada' }).waitFor({ state: 'detached' });
    expect(await page.getByRole('rowheader').allInnerTexts()).toEqual(['Grace\ngrace']);
    await page.getByRole('searchbox').fill('nobody at all');
    await page.getByText('Nobody like that.').waitFor();
  });

  it('are listed further on demand', async () => {
    await Promise.all(Array.from({ length: 30 }, (_, place) => app.rest('PUT', `/identity/many-${place}`, {})));
    page = await openConsole(browser, app, { at: 'identities?search=many-' });
    await page.getByRole('row').nth(25).waitFor();
    await button('Show more').click();
    await page.getByRole('row').nth(30).waitFor();
    expect(await page.getByRole('row').count()).toBe(31);
    await button('Show more').waitFor({ state: 'detached' });
  });

  it('are made, unless there is one with the same external id', async () => {
    page = await openConsole(browser, app, { at: 'identities' });
    await button('New identity').click();
    await page.getByLabel('External id').fill('ada');
    await page.getByLabel('Name').fill('Another Ada');
    await button('Create').click();
    await page.getByText('There is already an identity with this external id.').waitFor();
    await page.getByLabel('External id').fill('lovelace');
    await button('Create').click();
    await page.getByRole('heading', { level: 1, name: 'Another Ada' }).waitFor();
    expect((await app.rest('GET', '/identity/ada')).body.data.name).toBe('Ada');
  });

  it('are told in words what is wrong with a profile', async () => {
    await open(await someone(app));
    await button('Change profile').click();
    await page.getByLabel('Metadata').fill('{"plan": ');
    await button('Save').click();
    await page.getByText('is not valid JSON').waitFor();
    await page.getByLabel('Metadata').fill('{"plan": "pro"}');
    await button('Save').click();
    await panel('Profile').getByText('Metadata').click();
    await page.getByText('"plan": "pro"').waitFor();
  });

  it('are moved to another stage, which is told in their history', async () => {
    const externalId = await someone(app);
    await open(externalId);
    await page.getByLabel('Move to').selectOption('Considering');
    await button('Move').click();
    await page.locator('.timeline').getByText('Considering').waitFor();
    expect(await stageOf(externalId)).toBe('considering');
  });

  it('are not moved when somebody else was faster, and it is said', async () => {
    const externalId = await someone(app);
    await app.rest('POST', `/identity/${externalId}/stage`, { stage_id: 'onboarding' });
    await open(externalId);
    await page.getByLabel('Move to').selectOption('Considering');
    // The other move comes between what is shown and what is clicked.
    await page.route('**/graphql', async (route) => {
      if (route.request().postData()?.includes('mutation')) {
        await app.rest('POST', `/identity/${externalId}/stage`, { stage_id: 'retired' });
      }
      await route.continue();
    });
    await button('Move').click();
    await page.getByRole('alert').waitFor();
    expect(await stageOf(externalId)).toBe('retired');
  });

  it('show a move from elsewhere at once', async () => {
    const externalId = await someone(app);
    await open(externalId);
    await page.getByText('Live', { exact: true }).waitFor();
    await app.rest('POST', `/identity/${externalId}/stage`, { stage_id: 'retired' });
    await page.locator('.timeline').getByText('Retired').waitFor();
  });

  it('have a memory that is added to, corrected and forgotten', async () => {
    const externalId = await someone(app);
    await open(externalId);
    await button('Add').click();
    await page.getByLabel('Key').fill('preferences.size');
    await page.getByLabel('Value').fill('42');
    await button('Add').last().click();
    await page.getByText('preferences.size', { exact: true }).waitFor();
    expect(await memoryOf(externalId)).toEqual([['preferences.size', 42]]);
    await button('Correct preferences.size').click();
    await page.getByLabel('Value').fill('very large');
    await button('Correct').click();
    await page.locator('.memory').getByText('very large').waitFor();
    expect(await memoryOf(externalId)).toEqual([['preferences.size', 'very large']]);
    await button('Forget preferences.size').click();
    await button('Forget').click();
    await page.getByText('Nothing is remembered yet.').waitFor();
    expect(await memoryOf(externalId)).toEqual([]);
  });

  it('lead from a memory to the conversation it was learnt in', async () => {
    const externalId = await someone(app);
    await mutate(app, 'remember', { identity: { externalId }, key: 'custom.made', value: 'by hand' });
    await open(externalId);
    await page.locator('.memory').getByText('api').waitFor();
    expect(await page.locator('.memory').getByRole('link').count()).toBe(0);
  });

  it('are erased after a question, and a receipt is given', async () => {
    const externalId = await someone(app);
    await app.rest('POST', `/conversation/${externalId}/chat/web`, { text: 'Hello' });
    await open(externalId);
    await button('Erase').click();
    await button('Erase for good').click();
    await page.getByText('1 conversations (2 messages, 1 turns)').waitFor();
    expect((await app.rest('GET', `/identity/${externalId}`)).status).toBe(404);
  });

  it('that do not exist are said not to', async () => {
    page = await openConsole(browser, app, { at: 'identities/idn_none' });
    await page.getByText('There is no such identity.').waitFor();
  });
});
