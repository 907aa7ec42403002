import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { launchBrowser, NO_BROWSER } from '../support/browser.ts';
import { closeConsole, idOf, openConsole } from '../support/console.ts';
import { beginConversation, type ChatWindow, chatIn, openChat, storedReply } from '../support/console-chat.ts';
import { prepareDemo } from '../support/demo.ts';
import { hold, reply } from '../support/scripted-model.ts';
import { findLastTurn, someone } from '../support/talk.ts';

const SUITE = 'a conversation in the console';

describe.skipIf(NO_BROWSER)(NO_BROWSER ? `${SUITE}: ${NO_BROWSER}` : SUITE, () => {
  let browser: Browser;
  let app: TestApp;
  const windows: ChatWindow[] = [];

  beforeAll(async () => {
    browser = await launchBrowser();
    app = await startTestApp();
    await prepareDemo(app);
  });
  afterEach(async () => {
    await Promise.all(windows.splice(0).map(({ page }) => closeConsole(page)));
  });
  afterAll(() => browser?.close());

  async function open(conversationId: string): Promise<ChatWindow> {
    const chat = await openChat(browser, app, conversationId);
    windows.push(chat);
    return chat;
  }

  it('shows what was said before', async () => {
    const { conversationId } = await beginConversation(app);
    expect(await (await open(conversationId)).said()).toEqual(['USER: Hello', 'ASSISTANT: Echo: Hello']);
  });

  it('shows what was said long ago on demand, each once', async () => {
    const { externalId, conversationId } = await beginConversation(app);
    const texts = Array.from({ length: 30 }, (_, place) => `Message ${place}`);
    for (const text of texts) await app.rest('POST', `/conversation/${externalId}/chat/web`, { text });
    const chat = await open(conversationId);
    // What comes now comes behind the snapshot.
    await app.rest('POST', `/conversation/${externalId}/chat/web`, { text: 'The latest' });
    await chat.until('Echo: The latest');
    expect(await chat.said()).toHaveLength(27);
    const earlier = chat.page.getByRole('button', { name: 'Show earlier' });
    for (const _page of [2, 3]) {
      const before = (await chat.said()).length;
      await earlier.click();
      await chat.page.waitForFunction((count) => document.querySelectorAll('[data-by]').length > count, before);
    }
    await earlier.waitFor({ state: 'detached' });
    const all = ['Hello', ...texts, 'The latest'].flatMap((text) => [`USER: ${text}`, `ASSISTANT: Echo: ${text}`]);
    expect(await chat.said()).toEqual(all);
  });

  it('shows tokens as they come', async () => {
    const waiting = hold();
    app.model.when('Show me', reply.text('First', waiting, ' second', ' third'));
    const { conversationId } = await beginConversation(app);
    const chat = await open(conversationId);
    await chat.say('Show me');
    await chat.until('First');
    expect(await chat.page.locator('[data-by=ASSISTANT]').last().getAttribute('aria-busy')).toBe('true');
    waiting.release();
    await chat.until('First second third');
    await chat.page.locator('[aria-busy=true]').waitFor({ state: 'detached' });
  });

  it('stops a reply and keeps what was said until then', async () => {
    const waiting = hold();
    app.model.when('Go on for ever', reply.text('So far', waiting, ' and on'));
    const { externalId, conversationId } = await beginConversation(app);
    const chat = await open(conversationId);
    await chat.say('Go on for ever');
    await chat.until('So far');
    await chat.page.getByRole('button', { name: 'Stop' }).click();
    await chat.page.getByText('stopped', { exact: true }).waitFor();
    expect((await chat.said()).at(-1)).toBe('ASSISTANT: So far');
    expect(await findLastTurn(app, externalId)).toMatchObject({ status: 'CANCELLED', reply: { text: 'So far' } });
    expect(await chat.page.getByRole('button', { name: 'Stop' }).count()).toBe(0);
  });

  it('goes on after a reload in mid-reply, with no text lost or doubled', async () => {
    const [waiting, again] = [hold(), hold()];
    app.model.when('Tell me all', reply.text('One', ' two', waiting, ' three', again, ' four'));
    const { externalId, conversationId } = await beginConversation(app);
    const chat = await open(conversationId);
    await chat.say('Tell me all');
    await chat.until('One two');
    await chat.page.reload();
    await chat.until('One two');
    waiting.release();
    await chat.until('One two three');
    await chat.page.reload();
    await chat.until('One two three');
    again.release();
    await chat.until('One two three four');
    await chat.page.getByText('Prompt').nth(1).waitFor();
    expect((await chat.said()).slice(2)).toEqual(['USER: Tell me all', 'ASSISTANT: One two three four']);
    expect(await storedReply(app, externalId)).toBe('One two three four');
    expect(app.model.calls('Tell me all')).toBe(1);
  });

  it('is the same in two windows', async () => {
    const waiting = hold();
    app.model.when('From the first', reply.text('To', waiting, ' both'));
    const { conversationId } = await beginConversation(app);
    const [one, other] = [await open(conversationId), await open(conversationId)];
    await one.say('From the first');
    await Promise.all([one.until('To'), other.until('To')]);
    await other.say('From the second');
    await Promise.all([one.until('From the second'), other.until('From the second')]);
    waiting.release();
    await Promise.all([one.until('Echo: From the second'), other.until('Echo: From the second')]);
    const all = [
      'USER: From the first',
      'ASSISTANT: To both',
      'USER: From the second',
      'ASSISTANT: Echo: From the second',
    ];
    expect((await one.said()).slice(2)).toEqual(all);
    expect((await other.said()).slice(2)).toEqual(all);
  });

  it('lets a message that waits be withdrawn', async () => {
    const waiting = hold();
    app.model.when('Think', reply.text('Hm', waiting, '.'));
    const { conversationId } = await beginConversation(app);
    const chat = await open(conversationId);
    await chat.say('Think');
    await chat.until('Hm');
    await chat.say('Never mind');
    await chat.page.getByRole('button', { name: 'Withdraw' }).click();
    await chat.page.getByText('Stopped before anything was said.').waitFor();
    waiting.release();
    await chat.page.getByText('Hm.', { exact: true }).waitFor();
    expect(app.model.calls('Never mind')).toBe(0);
  });

  it('begins with the first message', async () => {
    const id = await idOf(app, await someone(app));
    const page = await openConsole(browser, app, { at: `identities/${id}` });
    const chat = chatIn(page);
    windows.push(chat);
    await page.getByRole('button', { name: 'Begin a conversation' }).click();
    await page.getByText('Nothing was said yet.').waitFor();
    await chat.say('Good morning');
    await chat.until('Echo: Good morning');
    expect(page.url()).toMatch(/#\/conversations\/cnv_/);
    // Whoever has begun to write goes on writing.
    await page.keyboard.type('And you?');
    await page.keyboard.press('Enter');
    await chat.until('Echo: And you?');
  });

  it('says why there is no reply', async () => {
    app.model.when('Fail', reply.status(401));
    const { conversationId } = await beginConversation(app);
    const chat = await open(conversationId);
    await chat.say('Fail');
    await chat.page.getByText(/There is no reply: .*refused the API key/).waitFor();
  });

  it('shows what the assistant does meanwhile', async () => {
    app.model.when(
      'I speak French',
      reply.toolCalls({ name: 'remember', arguments: { key: 'preferences.language', value: 'fr' } }),
      reply.text('Noted.'),
    );
    const { conversationId } = await beginConversation(app);
    const chat = await open(conversationId);
    await chat.say('I speak French');
    await chat.until('Noted.');
    await chat.page.getByText('Remembered preferences.language = fr').waitFor();
    await chat.page.getByRole('complementary').getByText('preferences.language').waitFor();
  });

  it('shows exactly what the model was sent for a turn', async () => {
    const { conversationId } = await beginConversation(app);
    const chat = await open(conversationId);
    await chat.say('What do you know?');
    await chat.page.getByRole('button', { name: 'Prompt' }).nth(1).click();
    const sheet = chat.page.getByRole('dialog', { name: 'Turn' });
    await sheet.locator('.prompt').waitFor();
    const shown = await sheet.locator('.prompt pre').allTextContents();
    const { body } = await app.model.received('What do you know?');
    expect(shown).toEqual(body.messages?.map(({ content }) => content));
    await chat.page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'detached' });
  });
});
