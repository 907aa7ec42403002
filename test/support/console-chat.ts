import type { Browser, Page } from 'playwright-core';
import type { TestApp } from './app.ts';
import { type ConsoleOptions, openConsole } from './console.ts';
import { findLastTurn, someone } from './talk.ts';

/** One window of the console in which a conversation is open. */
export interface ChatWindow {
  page: Page;
  /** Writes as the identity, and sends it. */
  say(text: string): Promise<void>;
  /** What was said so far, in order, each as `USER: …` or `ASSISTANT: …`; what is still coming included. */
  said(): Promise<string[]>;
  /** Resolves once the last thing said is this. */
  until(last: string): Promise<void>;
}

const SAID = '[data-by] > .text';

/** Somebody who talks on the channel `web`, and their conversation, begun with a message that was answered. */
export async function beginConversation(app: TestApp): Promise<{ externalId: string; conversationId: string }> {
  const externalId = await someone(app);
  const { body } = await app.rest('POST', `/conversation/${externalId}/chat/web`, { text: 'Hello' });
  return { externalId, conversationId: body.data.conversation_id };
}

/** Opens a conversation in a window of its own. */
export async function openChat(
  browser: Browser,
  app: TestApp,
  conversationId: string,
  options: ConsoleOptions = {},
): Promise<ChatWindow> {
  const page = await openConsole(browser, app, { ...options, at: `conversations/${conversationId}` });
  const chat = chatIn(page);
  await page.locator(SAID).first().waitFor();
  return chat;
}

export function chatIn(page: Page): ChatWindow {
  return {
    page,
    async say(text) {
      await page.getByRole('textbox', { name: 'Message as' }).fill(text);
      await page.keyboard.press('Enter');
    },
    said: () =>
      page
        .locator(SAID)
        .evaluateAll((texts) => texts.map((text) => `${text.parentElement?.dataset.by}: ${text.textContent}`)),
    async until(last) {
      await page.waitForFunction(([texts, end]) => [...document.querySelectorAll(texts)].at(-1)?.textContent === end, [
        SAID,
        last,
      ] as const);
    },
  };
}

/** The reply of somebody's last turn, as it is stored. */
export async function storedReply(app: TestApp, externalId: string): Promise<string | undefined> {
  return (await findLastTurn(app, externalId)).reply?.text;
}
