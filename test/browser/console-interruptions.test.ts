import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type Line, launchBrowser, NO_BROWSER, startLine } from '../support/browser.ts';
import { closeConsole } from '../support/console.ts';
import { beginConversation, type ChatWindow, openChat, storedReply } from '../support/console-chat.ts';
import { prepareDemo } from '../support/demo.ts';
import { hold, reply } from '../support/scripted-model.ts';

const SUITE = 'a conversation in the console whose line breaks';

describe.skipIf(NO_BROWSER)(NO_BROWSER ? `${SUITE}: ${NO_BROWSER}` : SUITE, () => {
  let browser: Browser;
  let app: TestApp;
  let line: Line;
  let chat: ChatWindow;

  beforeAll(async () => {
    browser = await launchBrowser();
    app = await startTestApp();
    await prepareDemo(app);
    line = await startLine(await app.origin());
  });
  afterEach(() => closeConsole(chat.page));
  afterAll(async () => {
    await browser?.close();
    await line?.close();
  });

  const open = async (conversationId: string) => {
    chat = await openChat(browser, app, conversationId, { origin: line.origin });
    await chat.page.getByText('Live', { exact: true }).waitFor();
  };
  const lost = () => chat.page.getByText('The connection is lost; reconnecting.');
  /** Of the two buttons that try again at once, the one in the chat. */
  const retry = () => chat.page.getByLabel('Chat').getByRole('button', { name: 'Try now' });

  it('says so, and goes on where it was, with no text lost or doubled', async () => {
    const [first, second] = [hold(), hold()];
    app.model.when('Tell me', reply.text('One', first, ' two', second, ' three'));
    const { externalId, conversationId } = await beginConversation(app);
    await open(conversationId);
    await chat.say('Tell me');
    await chat.until('One');
    const mend = line.takeDown();
    await lost().waitFor();
    await chat.page.getByText('Interrupted here').waitFor();
    first.release();
    await second.reached;
    mend();
    await retry().click();
    await chat.until('One two');
    await lost().waitFor({ state: 'detached' });
    second.release();
    await chat.until('One two three');
    expect(await chat.said()).toEqual([
      ...['USER: Hello', 'ASSISTANT: Echo: Hello'],
      ...['USER: Tell me', 'ASSISTANT: One two three'],
    ]);
    expect(await storedReply(app, externalId)).toBe('One two three');
    expect(app.model.calls('Tell me')).toBe(1);
  });

  it('comes back by itself, and shows what was said meanwhile', async () => {
    const { externalId, conversationId } = await beginConversation(app);
    await open(conversationId);
    const mend = line.takeDown();
    await lost().waitFor();
    await app.rest('POST', `/conversation/${externalId}/chat/web`, { text: 'From elsewhere' });
    mend();
    await chat.until('Echo: From elsewhere');
    expect((await chat.said()).slice(2)).toEqual(['USER: From elsewhere', 'ASSISTANT: Echo: From elsewhere']);
  });

  it('keeps a message that could not be sent, to be sent again', async () => {
    const { conversationId } = await beginConversation(app);
    await open(conversationId);
    const mend = line.takeDown();
    await lost().waitFor();
    await chat.say('Do you hear me?');
    await chat.page.getByText('Not sent: The server cannot be reached.').waitFor();
    expect(app.model.calls('Do you hear me?')).toBe(0);
    mend();
    await chat.page.getByRole('button', { name: 'Send again' }).click();
    await chat.until('Echo: Do you hear me?');
    expect((await chat.said()).slice(2)).toEqual(['USER: Do you hear me?', 'ASSISTANT: Echo: Do you hear me?']);
  });

  it('shows a message once that arrived although its answer was lost', async () => {
    const { conversationId } = await beginConversation(app);
    await open(conversationId);
    await chat.page.route('**/graphql', async (route) => {
      await route.fetch();
      await route.abort();
    });
    await chat.say('Only once');
    await chat.until('Echo: Only once');
    expect((await chat.said()).slice(2)).toEqual(['USER: Only once', 'ASSISTANT: Echo: Only once']);
    expect(await chat.page.getByText('Not sent').count()).toBe(0);
  });
});
