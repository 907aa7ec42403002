import { describe, expect, it } from 'vitest';
import { type Caller, startTestApp } from './support/app.ts';
import { prepareDemo } from './support/demo.ts';
import { mutate, pathsOf } from './support/mutate.ts';
import { statementsOf } from './support/statements.ts';

const app = await startTestApp();
const CHANNEL = 'channel { id key name type settings active worker { name } }';

const create = (input: object, caller: Caller = app) => mutate(caller, 'createChannel', input, CHANNEL);
const update = (by: object, input: object, caller: Caller = app) =>
  mutate(caller, 'updateChannel', { channel: by, ...input }, CHANNEL);
const remove = (by: object, caller: Caller = app) =>
  mutate(caller, 'deleteChannel', { channel: by }, 'deletedChannelId');
const find = async (by: object, caller: Caller = app) =>
  (await caller.query('query ($by: ChannelReference!) { channel(by: $by) { id key name } }', { by })).channel;
const newWorker = async (caller: Caller = app): Promise<string> =>
  (await mutate(caller, 'createWorker', { name: 'Worker' }, 'worker { id }')).worker.id;

describe('createChannel', () => {
  it('fills in what is omitted', async () => {
    const { channel } = await create({ name: 'Web Chat' });
    expect(channel).toMatchObject({
      key: 'web_chat',
      name: 'Web Chat',
      type: 'WEB',
      settings: {},
      active: true,
      worker: null,
    });
    expect(channel.id).toMatch(/^chn_/);
  });

  it('takes everything it is given', async () => {
    const workerId = await newWorker();
    const input = {
      name: 'Phone',
      key: 'wa-1',
      type: 'WHATSAPP',
      settings: { whenBusy: 'REJECT', number: 1 },
      active: false,
      workerId,
    };
    expect((await create(input)).channel).toMatchObject({
      key: 'wa-1',
      type: 'WHATSAPP',
      settings: { whenBusy: 'REJECT', number: 1 },
      active: false,
      worker: { name: 'Worker' },
    });
  });

  it.each([
    ['a name of two letters', { name: 'ab' }, 'name'],
    ['a key with spaces', { name: 'Spaced', key: 'a b' }, 'key'],
    ['a key that looks like an id', { name: 'Idlike', key: 'chn_01m7xb1a9qenfvgb7ykx77vyn2' }, 'key'],
    ['a name that gives no key', { name: '日本語' }, 'key'],
    ['another way to be busy', { name: 'Busy', settings: { whenBusy: 'MAYBE' } }, 'settings.whenBusy'],
    ['large settings', { name: 'Large', settings: { x: 'x'.repeat(20_000) } }, 'settings'],
  ])('refuses %s', async (_what, input, path) => {
    expect(pathsOf(await create(input))).toEqual([path]);
  });

  it('answers a conflict when the key is taken', async () => {
    await create({ name: 'Taken' });
    expect(await create({ name: 'Taken' })).toMatchObject({ __typename: 'ConflictError' });
  });

  it('answers NOT_FOUND for a worker that does not exist or is not ours', async () => {
    const other = await app.stranger();
    for (const workerId of ['wrk_01m7xb1a9qenfvgb7ykx77vyn2', await newWorker(other)]) {
      expect(await create({ name: 'Workless', workerId })).toMatchObject({ code: 'NOT_FOUND' });
    }
  });
});

describe('updateChannel', () => {
  it('keeps what is omitted, and the key', async () => {
    await create({ name: 'Before', settings: { a: 1 } });
    const { channel } = await update({ key: 'before' }, { name: 'After', active: false });
    expect(channel).toMatchObject({ key: 'before', name: 'After', active: false, settings: { a: 1 } });
  });

  it('connects a worker and lets it go', async () => {
    await create({ name: 'Connected' });
    expect(await update({ key: 'connected' }, { workerId: await newWorker() })).toMatchObject({
      channel: { worker: { name: 'Worker' } },
    });
    expect(await update({ key: 'connected' }, { workerId: null })).toMatchObject({ channel: { worker: null } });
  });

  it('answers NOT_FOUND for a channel or worker that does not exist', async () => {
    expect(await update({ key: 'nothing' }, { name: 'Something' })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await update({ key: 'connected' }, { workerId: 'wrk_none' })).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('deleteChannel', () => {
  it('hides it from every door and frees its key', async () => {
    const { channel } = await create({ name: 'Short lived' });
    expect(await remove({ key: 'short_lived' })).toMatchObject({ deletedChannelId: channel.id });
    for (const by of [{ id: channel.id }, { key: 'short_lived' }, { key: channel.id }])
      expect(await find(by)).toBeNull();
    expect((await app.query('query ($id: ID!) { node(id: $id) { id } }', { id: channel.id })).node).toBeNull();
    expect(await remove({ id: channel.id })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await create({ name: 'Short lived' })).toMatchObject({ channel: { key: 'short_lived' } });
  });

  it('keeps the conversations held over it', async () => {
    const other = await app.stranger();
    await prepareDemo(other);
    await other.rest('POST', '/conversation/ada/chat/web', { text: 'Hello' });
    await remove({ key: 'web' }, other);
    const { conversations } = await other.query('{ conversations { edges { node { channel { name } } } } }');
    expect(conversations.edges).toEqual([{ node: { channel: { name: 'Web chat' } } }]);
  });
});

describe('channels', () => {
  it('of another workspace are missing', async () => {
    const { channel } = await create({ name: 'Private' });
    const other = await app.stranger();
    expect(await find({ id: channel.id }, other)).toBeNull();
    expect(await find({ key: 'private' }, other)).toBeNull();
    expect((await other.query('query ($id: ID!) { node(id: $id) { id } }', { id: channel.id })).node).toBeNull();
    expect(await update({ id: channel.id }, { name: 'Stolen' }, other)).toMatchObject({ code: 'NOT_FOUND' });
    expect(await remove({ id: channel.id }, other)).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('cannot be changed by a key that only reads', async () => {
    const reader = await app.withPermissions('READ');
    await create({ name: 'Read only' });
    expect(await create({ name: 'Denied' }, reader)).toMatchObject({ code: 'FORBIDDEN' });
    expect(await update({ key: 'read_only' }, { name: 'Denied' }, reader)).toMatchObject({ code: 'FORBIDDEN' });
    expect(await remove({ key: 'read_only' }, reader)).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('keep their settings from access tokens', async () => {
    const other = await app.stranger();
    await prepareDemo(other);
    await other.rest('POST', '/conversation/ada/chat/web', { text: 'Hello' });
    const { token } = await mutate(other, 'createAccessToken', { identity: { externalId: 'ada' } }, 'token');
    const holder = app.withCredential(token);
    const LIST = (field: string) => `{ conversations { edges { node { channel { key ${field} } } } } }`;
    expect((await holder.query(LIST(''))).conversations.edges[0].node.channel).toEqual({ key: 'web' });
    for (const field of ['settings', 'worker { name }']) {
      expect((await holder.execute(LIST(field))).errors?.[0].extensions.code).toBe('FORBIDDEN');
    }
    expect((await holder.execute('{ channels { edges { cursor } } }')).errors?.[0].extensions.code).toBe('FORBIDDEN');
  });

  it('cost one statement with their workers', async () => {
    const list = () =>
      app.query('{ channels(first: 100) { edges { node { key worker { name defaultAssistant { name } } } } } }');
    await list();
    expect(await statementsOf(list)).toHaveLength(1);
  });
});
