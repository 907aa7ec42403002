import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { launchBrowser, NO_BROWSER } from '../support/browser.ts';
import { closeConsole, openConsole } from '../support/console.ts';
import { prepareDemo } from '../support/demo.ts';
import { someone } from '../support/talk.ts';

const SUITE = 'an assistant in the console';
const INSTRUCTIONS = 'You talk to {{identity.name}}.\n{{#if identity.stage == "considering"}}Help to choose.{{/if}}';

describe.skipIf(NO_BROWSER)(NO_BROWSER ? `${SUITE}: ${NO_BROWSER}` : SUITE, () => {
  let browser: Browser;
  let app: TestApp;
  let page: Page;
  let assistantId: string;

  beforeAll(async () => {
    browser = await launchBrowser();
    app = await startTestApp();
    ({ assistantId } = await prepareDemo(app, { instructions: INSTRUCTIONS }));
    await someone(app);
  });
  afterEach(() => closeConsole(page));
  afterAll(() => browser?.close());

  const open = async () => {
    page = await openConsole(browser, app, { at: `assistants/${assistantId}` });
    await prompt('You talk to').waitFor();
  };
  const editor = () => page.getByLabel('Instructions');
  const prompt = (text: string) => page.locator('.prompt').getByText(text);
  const stored = async () => (await app.rest('GET', `/assistant/${assistantId}`)).body.data.instructions;

  it('shows what the model would be sent while one writes', async () => {
    await open();
    await editor().fill('Be brief with {{identity.name}}.');
    await prompt('Be brief with Ada.').waitFor();
    expect(await stored()).toBe(INSTRUCTIONS);
  });

  it('shows it for whoever is chosen', async () => {
    await open();
    await prompt('You talk to Ada.').waitFor();
    const field = page.getByRole('combobox', { name: 'Identity' });
    await field.fill('some');
    await page.getByRole('option', { name: 'Ada' }).waitFor({ state: 'detached' });
    await field.press('Enter');
    await prompt('You talk to Somebody.').waitFor();
  });

  it('shows it as if they were in another stage', async () => {
    await open();
    expect(await prompt('Help to choose.').count()).toBe(0);
    await page.getByLabel('As if in stage').selectOption('Considering');
    await prompt('Help to choose.').waitFor();
  });

  it('shows it with another message', async () => {
    await open();
    await page.getByLabel('Saying').fill('Where is my parcel?');
    await prompt('Where is my parcel?').waitFor();
  });

  it('shows a mistake at its line and column', async () => {
    await open();
    await editor().fill('Fine.\n{{#if identity.stage = "x"}}No{{/if}}');
    await page.getByText('A single = does not compare').waitFor();
    const where = page.getByRole('button', { name: 'Line 2, column 22' });
    await where.waitFor();
    expect(await page.locator('.wrong').textContent()).toBe('=');
    expect(await page.locator('.line.faulty').textContent()).toBe('{{#if identity.stage = "x"}}No{{/if}}');
    expect(await editor().getAttribute('aria-invalid')).toBe('true');
    await where.click();
    expect(
      await editor().evaluate((field: HTMLTextAreaElement) =>
        field.value.slice(field.selectionStart, field.selectionEnd),
      ),
    ).toBe('=');
    await page.getByText('As it was before the mistake.').waitFor();
  });

  it('is not saved with a mistake', async () => {
    await open();
    await editor().fill('{{#if identity.name}}');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: /^Line 1/ }).waitFor();
    expect(await stored()).toBe(INSTRUCTIONS);
  });

  it('keeps what was not saved while one looks elsewhere', async () => {
    await open();
    await editor().fill('Half a thought');
    await page.getByRole('link', { name: 'Journey' }).click();
    await page.getByRole('heading', { level: 1, name: 'Journey' }).waitFor();
    await page.goBack();
    await page.getByText('Not saved; version 1 is in use').waitFor();
    expect(await editor().inputValue()).toBe('Half a thought');
    await page.getByRole('button', { name: 'Discard changes' }).click();
    expect(await editor().inputValue()).toBe(INSTRUCTIONS);
  });

  it('is told apart from the one that answers in a stage', async () => {
    const { body } = await app.rest('GET', '/workers');
    const { body: other } = await app.rest('POST', `/workers/${body.data[0].id}/assistants`, {
      name: 'Closer',
      instructions: 'Close.',
    });
    await app.rest('PUT', '/stages/considering', { assistant_id: other.data.id });
    await open();
    await page.getByLabel('As if in stage').selectOption('Considering');
    await page.getByText('In Considering Closer answers, not this assistant.').waitFor();
  });

  it('is saved as the next version', async () => {
    await open();
    await editor().fill('Be kind to {{identity.name}}.');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Version 2, in use').waitFor();
    expect(await stored()).toBe('Be kind to {{identity.name}}.');
  });

  it('has settings of its own', async () => {
    page = await openConsole(browser, app, { at: `assistants/${assistantId}` });
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByLabel('Languages').fill('en, pt-BR');
    await page.getByLabel('Context').fill('12');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await page.locator('.fault').filter({ hasText: '256' }).waitFor();
    await page.getByLabel('Context').fill('');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await page.getByText('answers in en, pt-BR').waitFor();
  });
});
