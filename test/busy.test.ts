import { beforeAll, describe, expect, it } from 'vitest';
import { type Caller, startTestApp, type TestApp } from './support/app.ts';
import { prepareDemo, send } from './support/demo.ts';
import { whileLocked } from './support/locks.ts';
import { mutate } from './support/mutate.ts';
import { hold, reply } from './support/scripted-model.ts';
import { chatPath, findTurn, someone } from './support/talk.ts';
import { readTurn } from './support/turn-readers.ts';

const MANY = 50;
let app: TestApp;

beforeAll(async () => {
  app = await startTestApp();
  await prepareDemo(app);
});

const endOf = (turnId: string) => readTurn(app, { turnId });

/** Somebody new in whose conversation a turn runs; it has said "One " and waits. */
async function keepBusy(message: string) {
  const place = hold();
  app.model.when(message, reply.text('One ', place, 'two'));
  const identity = { externalId: await someone(app) };
  const { turn } = await send(app, message, { identity });
  await place.reached;
  return { identity, turnId: turn.id as string, place };
}

describe('a message that comes while a turn runs', () => {
  it('waits, unless something else was said', async () => {
    const { identity, turnId, place } = await keepBusy('Queue me');
    const { turn } = await send(app, 'Second', { identity });
    expect((await findTurn(app, turn.id)).status).toBe('QUEUED');
    expect(app.model.calls('Second')).toBe(0);
    place.release();
    expect((await endOf(turnId)).text).toBe('One two');
    expect((await endOf(turn.id)).text).toBe('Echo: Second');
  });

  it('is refused with REJECT, and nothing is stored', async () => {
    const { identity, place } = await keepBusy('Reject me');
    const refused = await send(app, 'Refused', { identity, whenBusy: 'REJECT' });
    expect(refused).toMatchObject({ __typename: 'ConflictError', code: 'CONVERSATION_BUSY' });
    expect(await app.database.db.message.count({ where: { text: 'Refused' } })).toBe(0);
    place.release();
  });

  it('is taken with REJECT once the turn has ended', async () => {
    const { identity, turnId, place } = await keepBusy('Reject me later');
    place.release();
    await endOf(turnId);
    const { turn } = await send(app, 'Free again', { identity, whenBusy: 'REJECT' });
    expect((await endOf(turn.id)).text).toBe('Echo: Free again');
  });

  it('cancels the turn with INTERRUPT, and what was said is kept', async () => {
    const { identity, turnId } = await keepBusy('Interrupt me');
    const { turn } = await send(app, 'Listen', { identity, whenBusy: 'INTERRUPT' });
    expect((await endOf(turnId)).types.at(-1)).toBe('TurnCancelled');
    expect((await endOf(turn.id)).text).toBe('Echo: Listen');
    expect(await findTurn(app, turnId)).toMatchObject({ status: 'CANCELLED', reply: { text: 'One ' } });
    expect(await (await app.model.received('Interrupt me')).ended).toBe('left');
  });

  it('cancels with INTERRUPT also a turn that is only about to run', async () => {
    const identity = { externalId: await someone(app) };
    for (let number = 0; number < 20; number += 1) {
      app.model.when(`Hurry ${number}`, reply.text(hold()));
      const first = await send(app, `Hurry ${number}`, { identity });
      const { turn } = await send(app, 'No, this', { identity, whenBusy: 'INTERRUPT' });
      expect((await endOf(first.turn.id)).types.at(-1)).toBe('TurnCancelled');
      expect((await endOf(turn.id)).text).toBe('Echo: No, this');
    }
  });

  it('cancels nothing with INTERRUPT when none runs', async () => {
    const identity = { externalId: await someone(app) };
    const first = await send(app, 'Before', { identity });
    await endOf(first.turn.id);
    const { turn } = await send(app, 'Alone', { identity, whenBusy: 'INTERRUPT' });
    expect((await endOf(turn.id)).text).toBe('Echo: Alone');
    expect((await findTurn(app, first.turn.id)).status).toBe('COMPLETED');
  });
});

describe("a channel's setting", () => {
  async function withSetting(whenBusy: string, message: string) {
    const key = `channel-${whenBusy.toLowerCase()}`;
    const { workers } = await app.query('{ workers(first: 1) { edges { node { id } } } }');
    await mutate(app, 'createChannel', { name: key, key, settings: { whenBusy } });
    await mutate(app, 'updateChannel', { channel: { key }, workerId: workers.edges[0].node.id });
    const to = { identity: { externalId: await someone(app) }, channel: { key } };
    const place = hold();
    app.model.when(message, reply.text('One ', place, 'two'));
    const { turn } = await send(app, message, to);
    await place.reached;
    return { to, turnId: turn.id as string, place };
  }

  it('refuses messages while a turn runs with REJECT', async () => {
    const { to, place } = await withSetting('REJECT', 'Channel rejects');
    expect(await send(app, 'Refused', to)).toMatchObject({ __typename: 'ConflictError', code: 'CONVERSATION_BUSY' });
    const { status, body } = await app.rest('POST', chatPath(to.identity.externalId, to.channel.key), {
      text: 'Refused',
    });
    expect([status, body.code]).toEqual([409, 'CONVERSATION_BUSY']);
    place.release();
  });

  it('cancels the turn with INTERRUPT', async () => {
    const { to, turnId } = await withSetting('INTERRUPT', 'Channel interrupts');
    const { turn } = await send(app, 'Listen', to);
    expect((await endOf(turnId)).types.at(-1)).toBe('TurnCancelled');
    expect((await endOf(turn.id)).text).toBe('Echo: Listen');
  });

  it('gives way to what the call says', async () => {
    const { to, turnId, place } = await withSetting('INTERRUPT', 'The call decides');
    await send(app, 'I can wait', { ...to, whenBusy: 'QUEUE' });
    place.release();
    expect((await endOf(turnId)).text).toBe('One two');
  });
});

describe(`${MANY} messages at once to one conversation`, () => {
  const each = Array.from({ length: MANY }, (_, index) => index);

  it('are answered in order, never two at a time', async () => {
    let running = 0;
    let most = 0;
    app.model.when(/^Message \d+$/, async (call, request) => {
      running += 1;
      most = Math.max(most, running);
      await reply.echo()(call, request);
      await call.ended;
      running -= 1;
    });
    const identity = { externalId: await someone(app) };
    const sent = await Promise.all(each.map((index) => send(app, `Message ${index}`, { identity })));
    await Promise.all(sent.map(({ turn }) => endOf(turn.id)));
    expect(most).toBe(1);

    const turns = await app.database.db.turn.findMany({
      where: { conversation: { identity } },
      orderBy: { number: 'asc' },
      include: { messages: { orderBy: { id: 'asc' } } },
    });
    expect(turns.map(({ number }) => number)).toEqual(each.map((index) => index + 1));
    for (const [index, { messages, startedAt }] of turns.entries()) {
      expect(messages.map(({ text }) => text)).toEqual([messages[0]?.text, `Echo: ${messages[0]?.text}`]);
      if (index > 0)
        expect(startedAt?.getTime()).toBeGreaterThanOrEqual(turns[index - 1]?.finishedAt?.getTime() as number);
    }
    expect(new Set(turns.map(({ messages }) => messages[0]?.text)).size).toBe(MANY);
  });

  it('are answered in the order in which they were accepted, each seeing the ones before', async () => {
    const identity = { externalId: await someone(app) };
    const sent = await Promise.all(each.map((index) => send(app, `Once more ${index}`, { identity })));
    await Promise.all(sent.map(({ turn }) => endOf(turn.id)));
    const asked = app.model.requests.filter(({ userText }) => userText.startsWith('Once more'));
    expect(asked.map(({ body }) => body.messages.length)).toEqual(each.map((index) => 2 + 2 * index));
  });

  it('with REJECT let one in', async () => {
    const place = hold();
    app.model.when(/^Only one/, reply.text(place, 'Yours.'));
    const identity = { externalId: await someone(app) };
    const answers = await Promise.all(
      each.map((index) => send(app, `Only one ${index}`, { identity, whenBusy: 'REJECT' })),
    );
    place.release();
    const refused = answers.filter(({ code }) => code === 'CONVERSATION_BUSY');
    expect([answers.length, refused.length]).toEqual([MANY, MANY - 1]);
    expect(await app.database.db.turn.count({ where: { conversation: { identity } } })).toBe(1);
  });

  it('with REJECT let one in, also when they have waited for the same row', async () => {
    const identity = { externalId: await someone(app) };
    const first = await send(app, 'Before the crowd', { identity });
    await endOf(first.turn.id);
    const place = hold();
    app.model.when(/^Crowd/, reply.text(place, 'Yours.'));
    const sends = [1, 2, 3].map((number) => () => send(app, `Crowd ${number}`, { identity, whenBusy: 'REJECT' }));
    const crowd = await whileLocked(app, first.turn.conversation.id, ...sends);
    place.release();
    expect((await Promise.all(crowd)).map(({ code }) => code ?? 'taken').sort()).toEqual([
      'CONVERSATION_BUSY',
      'CONVERSATION_BUSY',
      'taken',
    ]);
  });

  it('with INTERRUPT end with the last one answered, the others answered or cancelled', async () => {
    const identity = { externalId: await someone(app) };
    const sent = await Promise.all(
      each.map((index) => send(app, `Me first ${index}`, { identity, whenBusy: 'INTERRUPT' })),
    );
    await Promise.all(sent.map(({ turn }) => endOf(turn.id)));
    const turns = await app.database.db.turn.findMany({
      where: { conversation: { identity } },
      orderBy: { number: 'asc' },
    });
    expect(turns.at(-1)?.status).toBe('COMPLETED');
    expect(turns.every(({ status }) => status === 'COMPLETED' || status === 'CANCELLED')).toBe(true);
  });

  it('through two servers are answered in order, never two at a time', async () => {
    let running = 0;
    let most = 0;
    const answered: Promise<string>[] = [];
    const allAsked = Promise.withResolvers<void>();
    app.model.when(/^Server \d+$/, async (call, request) => {
      running += 1;
      most = Math.max(most, running);
      await reply.echo()(call, request);
      running -= 1;
      if (answered.push(call.ended) === MANY) allAsked.resolve();
    });
    const servers = [app, app.elsewhere()] as const;
    const identity = { externalId: await someone(app) };
    await Promise.all(each.map((index) => send(servers[index % 2] as Caller, `Server ${index}`, { identity })));
    await allAsked.promise;
    expect(new Set(await Promise.all(answered))).toEqual(new Set(['answered']));
    expect(most).toBe(1);
    const asked = app.model.requests.filter(({ userText }) => /^Server/.test(userText));
    expect(asked.map(({ body }) => body.messages.length)).toEqual(each.map((index) => 2 + 2 * index));
  });
});
