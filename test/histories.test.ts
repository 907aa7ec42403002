import { beforeEach, describe, expect, it } from 'vitest';
import { startTestApp } from './support/app.ts';
import { prepareDemo } from './support/demo.ts';
import { mutate } from './support/mutate.ts';

const app = await startTestApp();
await prepareDemo(app, { movesStages: false });
const { db } = app.database;

let identity: string;
let people = 0;
let texts = 0;

beforeEach(async () => {
  people += 1;
  identity = `person-${people}`;
  await mutate(app, 'upsertIdentity', { identity: { externalId: identity } });
});

/** Says something new and returns what the model was sent with it, without the instructions. */
async function say(caller: Pick<typeof app, 'rest'> = app, name = identity): Promise<string[]> {
  texts += 1;
  const text = `Text ${texts}`;
  await caller.rest('POST', `/conversation/${name}/chat/web`, { text });
  const { body } = await app.model.received(text, 1);
  return body.messages.slice(1).map(({ content }) => String(content));
}

/** Changes what is stored behind the server's back: who reads it again tells. */
const rewrite = (from: string) =>
  db.message.updateMany({ where: { text: from }, data: { text: `${from}, read again` } });

describe('the history of a conversation', () => {
  it('is not read again for the next message', async () => {
    const [first] = await say();
    await rewrite(first as string);
    expect((await say())[0]).toBe(first);
  });

  it('grows by message and reply as it does in the database', async () => {
    for (let turn = 0; turn < 4; turn += 1) await say();
    const sent = await say();
    const stored = await db.message.findMany({
      where: { conversation: { identity: { externalId: identity } } },
      orderBy: [{ turnNumber: 'asc' }, { id: 'asc' }],
    });
    expect(sent).toEqual(stored.slice(0, 9).map(({ text }) => text));
  });

  it('is read again when another process has answered in between', async () => {
    const [first] = await say();
    await say(app.elsewhere());
    await rewrite(first as string);
    expect((await say())[0]).toBe(`${first}, read again`);
  });

  it('is read again by another process', async () => {
    const [first] = await say();
    await rewrite(first as string);
    expect((await say(app.elsewhere()))[0]).toBe(`${first}, read again`);
  });

  it('is read again when something was said outside a turn', async () => {
    const [first] = await say();
    await rewrite(first as string);
    await db.conversation.updateMany({
      where: { identity: { externalId: identity } },
      data: { revision: { increment: 1 } },
    });
    expect((await say())[0]).toBe(`${first}, read again`);
  });

  it('ends with the identity', async () => {
    await say();
    await mutate(app, 'deleteIdentity', { identity: { externalId: identity } });
    await mutate(app, 'upsertIdentity', { identity: { externalId: identity } });
    const sent = await say();
    expect(sent).toHaveLength(1);
  });

  it('stays with the identity when its external id goes to another one', async () => {
    await say();
    await app.rest('PUT', `/identity/${identity}`, { external_id: `${identity}-old` });
    await mutate(app, 'upsertIdentity', { identity: { externalId: identity } });
    expect(await say()).toHaveLength(1);
    expect(await say(app, `${identity}-old`)).toHaveLength(3);
  });
});
