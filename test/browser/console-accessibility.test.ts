import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { violationsOn } from '../support/accessibility.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { launchBrowser, NO_BROWSER } from '../support/browser.ts';
import { closeConsole, idOf, openConsole } from '../support/console.ts';
import { beginConversation } from '../support/console-chat.ts';
import { prepareDemo } from '../support/demo.ts';
import { mutate } from '../support/mutate.ts';
import { hold, reply } from '../support/scripted-model.ts';
import { findLastTurn } from '../support/talk.ts';

const SUITE = 'every page of the console';

/** A page, and how one comes to what is to be looked at. */
interface View {
  at: string;
  signedIn?: boolean;
  show(page: Page): Promise<unknown>;
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** With what each of them needs put in the place of `{identity}` and its like. */
const VIEWS: Record<string, View> = {
  'the sign-in': { at: '', signedIn: false, show: (page) => page.getByLabel('API key').waitFor() },
  'a refused sign-in': {
    at: '',
    signedIn: false,
    show: async (page) => {
      await page.getByLabel('API key').fill('wrong');
      await button(page, 'Sign in').click();
      await page.locator('.fault').waitFor();
    },
  },
  'the journey': { at: 'journey', show: (page) => page.locator('.rate').waitFor() },
  'the identities': { at: 'identities', show: (page) => page.getByRole('link', { name: 'Ada' }).waitFor() },
  'a new identity': {
    at: 'identities',
    show: (page) => button(page, 'New identity').click(),
  },
  'an identity': { at: 'identities/{identity}', show: (page) => page.locator('.timeline').waitFor() },
  'the conversations': { at: 'conversations', show: (page) => page.locator('table').waitFor() },
  'a conversation with a reply under way': {
    at: 'conversations/{conversation}',
    show: (page) => page.getByText('So far', { exact: true }).waitFor(),
  },
  'a turn': { at: 'conversations/{conversation}?turn={turn}', show: (page) => page.locator('.prompt').waitFor() },
  'the assistants': { at: 'assistants', show: (page) => page.getByRole('link', { name: 'Guide' }).waitFor() },
  'an assistant': { at: 'assistants/{assistant}', show: (page) => page.locator('.prompt').waitFor() },
  'an assistant with a mistake': {
    at: 'assistants/{assistant}',
    show: async (page) => {
      await page.locator('.prompt').waitFor();
      await page.getByLabel('Instructions').fill('{{! a note }}{{name}}\n{{#if}}');
      await page.getByText('As it was before the mistake.').waitFor();
    },
  },
  'an identity being chosen': {
    at: 'assistants/{assistant}',
    show: async (page) => {
      await page.locator('.prompt').waitFor();
      await page.getByRole('combobox', { name: 'Identity' }).click();
      await page.getByRole('option', { name: 'Ada' }).waitFor();
    },
  },
  'the stages': { at: 'set-up/stages', show: (page) => page.getByText('Followed by').waitFor() },
  'a stage being changed': {
    at: 'set-up/stages',
    show: async (page) => {
      await button(page, 'Change Onboarding').click();
      await button(page, 'Add a webhook').click();
      await page.getByLabel('Name').fill('x');
      await button(page, 'Save').click();
      await page.locator('.fault').first().waitFor();
    },
  },
  'the channels': { at: 'set-up/channels', show: (page) => page.getByText('Worker answers').waitFor() },
  'the workers': { at: 'set-up/workers', show: (page) => page.getByText('answers by default').waitFor() },
  'the API keys': { at: 'set-up/keys', show: (page) => page.locator('table').waitFor() },
  'an address that leads nowhere': { at: 'nowhere', show: (page) => page.getByText('Nothing here').waitFor() },
};

describe.skipIf(NO_BROWSER)(NO_BROWSER ? `${SUITE}: ${NO_BROWSER}` : SUITE, () => {
  let browser: Browser;
  let app: TestApp;
  let places: Record<string, string>;
  const waiting = hold();

  beforeAll(async () => {
    browser = await launchBrowser();
    app = await startTestApp();
    const { assistantId: assistant } = await prepareDemo(app);
    await mutate(app, 'updateStage', {
      stage: { key: 'onboarding' },
      allowedNext: [{ key: 'considering' }],
      effects: [{ openingMessage: { channel: { key: 'web' }, text: 'Welcome' } }],
    });
    app.model.when('Go on', reply.text('So far', waiting));
    const { externalId, conversationId: conversation } = await beginConversation(app);
    await app.rest('POST', `/identity/${externalId}/stage`, { stage_id: 'considering' });
    await mutate(app, 'remember', { identity: { externalId }, key: 'preferences.language', value: 'en' });
    const { id: turn } = await findLastTurn(app, externalId);
    places = { assistant, conversation, turn, identity: await idOf(app, externalId) };
    const said = { identity: { externalId }, channel: { key: 'web' }, text: 'Go on' };
    await mutate(app, 'sendMessage', said);
  });
  afterAll(async () => {
    waiting.release();
    await browser?.close();
  });

  async function open({ at, signedIn = true, show }: View, options: object): Promise<Page> {
    const place = at.replaceAll(/\{(\w+)\}/g, (_, name) => places[name] ?? '');
    const page = await openConsole(browser, app, { at: place, ...(!signedIn && { key: null }), ...options });
    await show(page);
    return page;
  }

  it.each(Object.entries(VIEWS))('has nothing that axe complains about, light or dark: %s', async (_name, view) => {
    const page = await open(view, { colorScheme: 'light' });
    expect(await violationsOn(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await violationsOn(page)).toEqual([]);
    await closeConsole(page);
  });

  it.each(Object.entries(VIEWS))('fits the width of a phone: %s', async (_name, view) => {
    const page = await open(view, { viewport: { width: 360, height: 740 }, hasTouch: true });
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(
      0,
    );
    await closeConsole(page);
  });

  it.each([
    ['a phone', { width: 360, height: 740 }],
    ['a desk', { width: 1280, height: 720 }],
  ])('leaves a conversation in one screen of %s', async (_where, viewport) => {
    const page = await open(VIEWS['a conversation with a reply under way'] as View, { viewport });
    expect(await page.evaluate(() => document.documentElement.scrollHeight - innerHeight)).toBeLessThanOrEqual(0);
    await closeConsole(page);
  });

  it('can be reached by keyboard alone, and says where one is', async () => {
    const page = await open(VIEWS['the journey'] as View, {});
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('Skip to the content');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    const heading = page.getByRole('heading', { level: 1, name: 'Identities' });
    await heading.waitFor();
    expect(await heading.evaluate((element) => document.activeElement === element)).toBe(true);
    expect(await page.title()).toBe('Identities · Milepost');
    await closeConsole(page);
  });

  it('gives the focus back when a dialog is closed', async () => {
    const page = await open(VIEWS['a new identity'] as View, {});
    await page.getByLabel('External id').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await button(page, 'New identity').evaluate((element) => document.activeElement === element)).toBe(true);
    await closeConsole(page);
  });
});
