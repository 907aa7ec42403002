import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser.ts';
import { hold, reply, type ScriptedModel, startScriptedModel } from '../support/scripted-model.ts';
import { API_KEY, queryAt, sendAt, startServer } from '../support/server-process.ts';

// Takes the pictures of the README: a server with the demo's data, whose model says what is written here.

const IMAGES = join(import.meta.dirname, '..', '..', 'docs', 'images');
const DESK = { viewport: { width: 1280, height: 800 } };
const PHONE = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true };

const words = (text: string) => text.match(/\s*\S+/g) ?? [];
const enough = hold();

function prepareModel(model: ScriptedModel): void {
  model.when(
    'Hi! I have just signed up. What can you do for me?',
    reply.text(
      ...words(
        'Welcome, Ada! I help you find gear that fits what you plan, and get the most out of it. What are you up to: day walks, huts, or sleeping outside?',
      ),
    ),
  );
  model.when(
    'Three days from hut to hut in October, with a small pack.',
    reply.toolCalls(
      { name: 'remember', arguments: { key: 'plans.trip', value: 'hut to hut, three days, October' } },
      { name: 'move_to_stage', arguments: { stage: 'considering' } },
    ),
    reply.text(
      ...words(
        'Lovely. With huts you need no tent, so 30 litres will do. October asks for a light down jacket and a good shell. Shall I compare two shells for you?',
      ),
    ),
  );
  model.when(
    'Yes please. The lighter, the better.',
    reply.text(
      ...words(
        'Then look at these two:\n\n• Fell Light: 210 g, packs into its own pocket\n• Ridge Pro: 340 g, tougher',
      ),
      enough,
      ' fabric',
    ),
  );
}

/** Resolves to the id of the conversation, once its last reply is under way. */
async function talk(origin: string): Promise<string> {
  const headers = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' };
  for (const text of [
    'Hi! I have just signed up. What can you do for me?',
    'Three days from hut to hut in October, with a small pack.',
  ]) {
    // Answers when the reply is whole.
    await fetch(`${origin}/conversation/demo/chat/web`, { method: 'POST', headers, body: JSON.stringify({ text }) });
  }
  const { turn } = await sendAt(origin, 'demo', 'Yes please. The lighter, the better.');
  await enough.reached;
  const found = await queryAt(origin, 'query ($id: ID!) { turn(id: $id) { conversation { id } } }', { id: turn.id });
  return found.turn.conversation.id;
}

async function take(browser: Browser, { name, at, ready, ...options }: Picture & { at: string }): Promise<void> {
  const page = await (await browser.newContext(options)).newPage();
  await page.addInitScript((key) => sessionStorage.setItem('milepost.api-key', key), API_KEY);
  await page.goto(at);
  await ready(page);
  await page.screenshot({ path: join(IMAGES, `${name}.png`) });
  await page.context().close();
}

interface Picture extends BrowserContextOptions {
  name: string;
  at: string;
  /** Resolves when there is to see what the picture is about. */
  ready(page: Page): Promise<unknown>;
}

const folder = await mkdtemp(join(tmpdir(), 'milepost-screenshots-'));
const model = await startScriptedModel();
prepareModel(model);
const { origin, terminate } = await startServer({
  MILEPOST_DATA_DIR: join(folder, 'data'),
  OPENAI_BASE_URL: model.url,
  OPENAI_MODEL: 'scripted',
});
const browser = await launchBrowser();
try {
  const conversation = await talk(origin);
  const { assistants } = await queryAt(origin, '{ assistants { edges { node { id } } } }');
  const coming = (page: Page) => page.getByText('tougher').waitFor();
  const pictures: Picture[] = [
    { name: 'journey', at: 'journey', ...DESK, ready: (page) => page.locator('.rate').waitFor() },
    { name: 'conversation', at: `conversations/${conversation}`, ...DESK, ready: coming },
    { name: 'conversation-dark', at: `conversations/${conversation}`, ...DESK, colorScheme: 'dark', ready: coming },
    { name: 'phone', at: `conversations/${conversation}`, ...PHONE, ready: coming },
    {
      name: 'assistant',
      at: `assistants/${assistants.edges[0].node.id}`,
      ...DESK,
      ready: async (page) => {
        await page.locator('.prompt').waitFor();
        await page.getByLabel('As if in stage').selectOption('Needs help');
        await page.locator('.prompt').getByText('be calm and concrete').waitFor();
      },
    },
  ];
  for (const picture of pictures) await take(browser, { ...picture, at: `${origin}/#/${picture.at}` });
} finally {
  enough.release();
  await browser.close();
  await terminate();
  await model.close();
  await rm(folder, { recursive: true });
}
