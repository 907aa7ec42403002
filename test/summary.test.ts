import { expect, it } from 'vitest';
import { startTestApp } from './support/app.ts';
import { prepareDemo, send } from './support/demo.ts';
import { mutate } from './support/mutate.ts';
import { hold, reply } from './support/scripted-model.ts';

const TRANSCRIPT = /^<milepost_transcript>/;
const BUDGET = 400;

const app = await startTestApp();
const { assistantId } = await prepareDemo(app);
await mutate(app, 'updateAssistant', { id: assistantId, contextTokens: BUDGET });
let summaries = 0;
app.model.when(
  TRANSCRIPT,
  reply.by(() => {
    summaries += 1;
    return reply.text(`Summary ${summaries}`);
  }),
);

const say = async (text: string) => (await app.rest('POST', '/conversation/ada/chat/web', { text })).body.data;
const summary = async () =>
  (await app.query('{ conversations { edges { node { summary } } } }')).conversations.edges[0].node.summary;
/** About fifty tokens, with its reply a hundred. */
const longMessage = (nth: number) => `Message ${nth}: ${'many words '.repeat(24)}`;

const transcripts = () => app.model.requests.map(({ userText }) => userText).filter((text) => TRANSCRIPT.test(text));

/** Says long messages from a number on until the model has condensed so often, and waits until the last summary is stored. */
async function sayUntilCondensed(nth: number, times: number): Promise<number> {
  let next = nth;
  for (; transcripts().length < times && next < nth + 10; next += 1) await say(longMessage(next));
  await expect.poll(summary, { timeout: 10_000, interval: 20 }).toBe(`Summary ${transcripts().length}`);
  return next;
}

let next = 1;

it('condenses what would fall out of the context once, and sends the summary along instead', async () => {
  next = await sayUntilCondensed(next, 1);
  expect(transcripts()[0]).toContain('Message 1: ');

  await say('What did I say first?');
  const { body } = await app.model.received('What did I say first?', 1);
  const [system, ...said] = (body as { messages: { role: string; content: string }[] }).messages;
  expect(system?.content).toContain('You talk to Ada');
  expect(system?.content).toMatch(/"summary":"Summary \d"/);
  expect(said.map(({ content }) => content).join()).not.toContain('Message 1: ');
});

it('goes on from the earlier summary, and never condenses a message twice', async () => {
  next = await sayUntilCondensed(next, transcripts().length + 1);
  const condensed = transcripts();
  for (const [index, transcript] of condensed.entries()) {
    if (index > 0) expect(transcript).toContain(`"summary":"Summary ${index}"`);
  }
  for (let nth = 1; nth < next; nth += 1) {
    const mentions = condensed.filter((transcript) => transcript.includes(`"text":"Message ${nth}: `));
    expect(mentions.length, `message ${nth}`).toBeLessThanOrEqual(1);
  }
});

it('changes nothing in the history', async () => {
  const { conversations } = await app.query(
    '{ conversations { edges { node { messages(first: 1) { edges { node { text } } } } } } }',
  );
  expect(conversations.edges[0].node.messages.edges[0].node.text).toContain('Message 1: ');
});

it('leaves out what has not been answered yet', async () => {
  const identity = { externalId: 'bob' };
  await mutate(app, 'upsertIdentity', { identity, name: 'Bob' });
  for (let nth = 1; nth <= 3; nth += 1) await send(app, longMessage(nth), { identity });
  const [fourth, fifth] = [hold(), hold()];
  app.model.when('Fourth', reply.text(fourth, 'Said.'));
  app.model.when('Fifth', reply.text(fifth, 'Said.'));
  await send(app, 'Fourth', { identity });
  await fourth.reached;
  for (const text of ['Fifth', 'many words '.repeat(120)]) await send(app, text, { identity });
  const before = transcripts().length;
  fourth.release();
  await expect.poll(() => transcripts().length, { timeout: 10_000, interval: 20 }).toBeGreaterThan(before);
  expect(transcripts().at(-1)).not.toContain('Fifth');
  fifth.release();
});
