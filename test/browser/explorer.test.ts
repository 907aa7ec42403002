import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXAMPLES } from '../../src/http/explorer-examples.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { launchBrowser, NO_BROWSER } from '../support/browser.ts';
import { prepareDemo, send } from '../support/demo.ts';
import { mutate } from '../support/mutate.ts';
import { hold, reply } from '../support/scripted-model.ts';

const SUITE = 'the explorer in a browser';

describe.skipIf(NO_BROWSER)(NO_BROWSER ? `${SUITE}: ${NO_BROWSER}` : SUITE, () => {
  let browser: Browser;
  let app: TestApp;

  beforeAll(async () => {
    browser = await launchBrowser();
    app = await startTestApp();
    await prepareDemo(app);
    await mutate(app, 'upsertIdentity', { identity: { externalId: 'demo' }, name: 'Demo' });
  });
  afterAll(() => browser?.close());

  /** The explorer in a window of its own, at this operation or with its examples. */
  async function open({ query = '', key = app.credential } = {}): Promise<Page> {
    const page = await (await browser.newContext()).newPage();
    // Less than a test may take, so that what was waited for is named.
    page.setDefaultTimeout(10_000);
    const search = query ? `?${new URLSearchParams({ query })}` : '';
    await page.goto(`${await app.origin()}/graphql${search}${key ? `#key=${key}` : ''}`);
    return page;
  }

  const namesOf = (page: Page) =>
    page.getByRole('tab').evaluateAll((tabs) => tabs.map((tab) => tab.querySelector('button')?.title));
  const run = (page: Page) => page.getByRole('button', { name: /execute query/i }).click();
  const shown = (page: Page, text: string) => page.locator('.result-window').getByText(text).first().waitFor();

  /** GraphiQL takes a moment after a change of tabs to see which operation is meant; until then it runs the one before. */
  async function runUntilShown(page: Page, text: string): Promise<void> {
    for (let attempt = 1; attempt < 5; attempt += 1) {
      await run(page);
      const found = page.locator('.result-window').getByText(text).first().waitFor({ timeout: 2_000 });
      if (await found.then(() => true).catch(() => false)) return;
    }
    await shown(page, text);
  }

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
    await page.goto(`${origin}/graphql?${new URLSearchParams({ query })}#key=${app.credential}`);
    await run(page);
    await shown(page, '"name": "Ada"');
    expect(complaints).toEqual([]);
    expect(asked.filter((url) => !url.startsWith(origin) && !/^(data|blob):/.test(url))).toEqual([]);
  });

  it('streams a reply over a WebSocket that has the key of its headers', async () => {
    const waiting = hold();
    app.model.when('Stream to the explorer', reply.text('First', waiting, ' second'));
    const { turn } = await send(app, 'Stream to the explorer');
    const page = await open({
      query: `subscription { turnEvents(turnId: "${turn.id}") { __typename ... on TurnTokens { text } } }`,
    });
    const socket = page.waitForEvent('websocket');
    await run(page);
    expect((await socket).url()).toBe(`${(await app.origin()).replace('http', 'ws')}/graphql`);
    await shown(page, '"First"');
    waiting.release();
    await shown(page, '"TurnCompleted"');
    await page.context().close();
  });

  it('takes the key out of its address, keeps it as long as the tab, and writes it down nowhere else', async () => {
    const page = await open();
    await page.getByRole('button', { name: /execute query/i }).waitFor();
    expect(page.url()).not.toContain(app.credential);
    const before = await namesOf(page);
    await page.reload();
    await run(page);
    await shown(page, '"name": "Demo"');
    expect(await namesOf(page)).toEqual(before);
    expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain(app.credential);
    await page.context().close();
  });

  it('holds no key by itself', async () => {
    const page = await open({ key: '' });
    await run(page);
    await shown(page, 'UNAUTHENTICATED');
    await page.context().close();
  });

  it('offers examples that run', async () => {
    const page = await open();
    const tabs = page.getByRole('tab');
    await tabs.first().waitFor();
    const names = EXAMPLES.map(({ query }) => /(?:query|mutation|subscription) (\w+)/.exec(query)?.[1]);
    expect(await namesOf(page)).toEqual(names);
    const shownBy = { Identity: 'identity', Stages: 'stages', Journey: 'journey', SendMessage: 'sendMessage' };
    for (const [name, field] of Object.entries({ ...shownBy, LiveJourney: 'current' })) {
      await tabs.locator(`button[title=${name}]`).click();
      await runUntilShown(page, `"${field}"`);
      expect(await page.locator('.result-window').textContent()).not.toContain('"errors"');
    }
    await page.context().close();
  });
});
