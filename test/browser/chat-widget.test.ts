import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type Line, launchBrowser, NO_BROWSER, startLine } from '../support/browser.ts';
import { prepareDemo } from '../support/demo.ts';
import { mutate } from '../support/mutate.ts';
import { hold, reply } from '../support/scripted-model.ts';
import { someone } from '../support/talk.ts';

const SUITE = 'the chat widget in a browser';
const WIDGET = readFileSync(join(import.meta.dirname, '..', '..', 'examples', 'chat-widget', 'index.html'));

describe.skipIf(NO_BROWSER)(NO_BROWSER ? `${SUITE}: ${NO_BROWSER}` : SUITE, () => {
  let browser: Browser;
  let site: Server;
  let app: TestApp;
  let line: Line;

  beforeAll(async () => {
    site = createServer((_incoming, outgoing) => outgoing.setHeader('content-type', 'text/html').end(WIDGET));
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    browser = await launchBrowser();
    app = await startTestApp({ environment: { CORS_ORIGINS: siteOrigin() } });
    await prepareDemo(app);
    line = await startLine(await app.origin());
  });
  afterAll(async () => {
    await browser?.close();
    site?.close();
    await line?.close();
  });

  const siteOrigin = () => `http://127.0.0.1:${(site.address() as AddressInfo).port}`;

  /** The widget as a new identity's, or as that of another window. */
  async function open(externalId?: string): Promise<{ page: Page; externalId: string }> {
    const person = externalId ?? (await someone(app));
    const { token } = await mutate(app, 'createAccessToken', { identity: { externalId: person } }, 'token');
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(10_000);
    await page.goto(`${siteOrigin()}/#${new URLSearchParams({ server: line.origin, token })}`);
    await page.getByRole('status').filter({ hasText: /^$/ }).waitFor({ state: 'attached' });
    return { page, externalId: person };
  }

  async function say(page: Page, text: string): Promise<void> {
    await page.getByLabel('Message', { exact: true }).fill(text);
    await page.getByRole('button', { name: 'Send' }).click();
  }

  const texts = (page: Page) => page.getByRole('listitem').allTextContents();
  const until = (page: Page, text: string) =>
    page
      .getByRole('listitem')
      .filter({ hasText: new RegExp(`^${text}$`) })
      .waitFor();

  it('shows the pieces of a reply as they come', async () => {
    const waiting = hold();
    app.model.when('Show me', reply.text('First', waiting, ' second'));
    const { page } = await open();
    await say(page, 'Show me');
    await until(page, 'First');
    waiting.release();
    await until(page, 'First second');
    expect(await texts(page)).toEqual(['Show me', 'First second']);
    await page.context().close();
  });

  it('stops a reply, and keeps what was said', async () => {
    const waiting = hold();
    app.model.when('Talk for ever', reply.text('It began', waiting, ' and never ended'));
    const { page } = await open();
    await say(page, 'Talk for ever');
    await until(page, 'It began');
    await page.getByRole('button', { name: 'Stop' }).click();
    await until(page, 'Stopped.');
    expect(await texts(page)).toEqual(['Talk for ever', 'It began', 'Stopped.']);
    waiting.release();
    await page.context().close();
  });

  it('goes on after a break without losing or doubling anything', async () => {
    const waiting = hold();
    app.model.when('Break in the middle', reply.text('One', waiting, ' two', ' three'));
    const { page } = await open();
    await say(page, 'Break in the middle');
    await until(page, 'One');
    const back = line.takeDown();
    await page.getByRole('status').filter({ hasText: 'Connection lost' }).waitFor();
    waiting.release();
    await app.model.requests.at(-1)?.ended;
    back();
    await until(page, 'One two three');
    expect(await texts(page)).toEqual(['Break in the middle', 'One two three']);
    expect(app.model.calls('Break in the middle')).toBe(1);
    await page.context().close();
  });

  it('goes on after a reload in the middle of a reply', async () => {
    const waiting = hold();
    app.model.when('Reload me', reply.text('Before', waiting, ' and after'));
    const { page } = await open();
    await say(page, 'Reload me');
    await until(page, 'Before');
    await page.reload();
    await until(page, 'Before');
    waiting.release();
    await until(page, 'Before and after');
    expect(await texts(page)).toEqual(['Reload me', 'Before and after']);
    await page.context().close();
  });

  it('shows in one window what is said in another', async () => {
    const { page: one, externalId } = await open();
    await say(one, 'From one window');
    await until(one, 'Echo: From one window');
    const { page: other } = await open(externalId);
    await until(other, 'Echo: From one window');
    await say(one, 'And again');
    await until(other, 'Echo: And again');
    expect(await texts(other)).toEqual(await texts(one));
    await Promise.all([one.context().close(), other.context().close()]);
  });
});
