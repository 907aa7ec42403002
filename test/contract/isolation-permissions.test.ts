import { getNamedType, isObjectType } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { schema } from '../../src/graphql/schema.ts';
import { ENTITIES, type Entity } from '../../src/ids.ts';
import { type Caller, startTestApp } from '../support/app.ts';
import { prepareDemo, send } from '../support/demo.ts';
import { openStream } from '../support/event-stream.ts';
import { type Kind, type Names, prepareForeign } from '../support/foreign.ts';
import { mutate } from '../support/mutate.ts';
import { OPERATOR_FIELDS, OWN_FIELDS } from '../support/root-fields.ts';
import { subscribe } from '../support/subscription.ts';
import { streamPath } from '../support/talk.ts';
import { halfReply, TURN_EVENTS } from '../support/turn-events.ts';

const app = await startTestApp();
await prepareDemo(app);
const FIELDS = Object.entries({ ...OWN_FIELDS, ...OPERATOR_FIELDS });
const isMutation = ([field]: [string, string]) => field.startsWith('Mutation.');
let reader: Caller;
let writer: Caller;

beforeAll(async () => {
  reader = await app.withPermissions('READ');
  writer = await app.withPermissions('WRITE');
});

/** The answer as text, also that of a subscription, which ends at once when it is refused. */
async function answerTo(caller: Caller, query: string): Promise<string> {
  const accept = query.startsWith('subscription') ? 'text/event-stream' : 'application/json';
  const headers = { authorization: `Bearer ${caller.credential}`, accept, 'content-type': 'application/json' };
  const body = JSON.stringify({ query });
  return (await app.app.fetch(new Request('http://milepost.test/graphql', { method: 'POST', headers, body }))).text();
}

describe('a key that only reads', () => {
  it.each(FIELDS.filter(isMutation))('is refused %s', async (_field, document) => {
    expect(await answerTo(reader, document)).toContain('"code":"FORBIDDEN"');
  });
});

describe('a key that only writes', () => {
  it.each(FIELDS.filter((field) => !isMutation(field)))('is refused %s', async (_field, document) => {
    expect(await answerTo(writer, document)).toContain('"code":"FORBIDDEN"');
  });

  it('looks up nothing by its id, whether it is there or not', async () => {
    const names: Record<Kind, Names> = await prepareForeign(app);
    const kinds = Object.keys(names).filter(
      (kind): kind is Kind => kind.endsWith(' id') && !/external|client|apiKey/.test(kind),
    );
    for (const kind of kinds) {
      for (const id of Object.values(names[kind])) {
        const { errors, data } = await writer.execute('query ($id: ID!) { node(id: $id) { id } }', { id });
        expect([kind, errors?.[0].extensions.code, data.node]).toEqual([kind, 'FORBIDDEN', null]);
      }
    }
  });

  it('comes from what it has changed to nothing else', async () => {
    const RESULTS: Partial<Record<Entity, (field: string) => string>> = {
      Identity: (field) =>
        `upsertIdentity(input: { identity: { externalId: "ada" } }) { ... on UpsertIdentityPayload { identity { ${field} } } }`,
      Stage: (field) =>
        `updateStage(input: { stage: { key: "onboarding" } }) { ... on UpdateStagePayload { stage { ${field} } } }`,
      Channel: (field) =>
        `updateChannel(input: { channel: { key: "web" } }) { ... on UpdateChannelPayload { channel { ${field} } } }`,
      MemoryEntry: (field) =>
        `remember(input: { identity: { externalId: "ada" }, key: "a", value: 1 }) { ... on RememberPayload { entry { ${field} } } }`,
      Turn: (field) =>
        `sendMessage(input: { identity: { externalId: "ada" }, channel: { key: "web" }, text: "Hello" }) { ... on SendMessagePayload { turn { ${field} } } }`,
      Message: (field) =>
        `sendMessage(input: { identity: { externalId: "ada" }, channel: { key: "web" }, text: "Hello" }) { ... on SendMessagePayload { message { ${field} } } }`,
    };
    for (const [name, by] of Object.entries(RESULTS)) {
      const type = schema.getType(name);
      for (const field of isObjectType(type) ? Object.values(type.getFields()) : []) {
        const target = getNamedType(field.type).name.replace('Connection', '');
        if (!ENTITIES.has(target as Entity)) continue;
        const { errors } = await writer.execute(`mutation { ${by(`${field.name} { __typename }`)} }`);
        expect([`${name}.${field.name}`, errors?.[0]?.extensions.code]).toEqual([`${name}.${field.name}`, 'FORBIDDEN']);
      }
    }
  });
});

describe('whoever may only write', () => {
  it('hears the reply to what it has said, also after it was cut off', async () => {
    const place = halfReply(app, 'Said by a writer', ['Half '], ['and half']);
    const stream = await openStream(app, streamPath('ada', 'Said by a writer'), { credential: writer.credential });
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    let seen = '';
    while (!seen.includes('Half ')) seen += (await reader?.read())?.value;
    await reader?.cancel();
    place.release();
    const [, id = ''] = /.*id: (\S+)/s.exec(seen) ?? [];
    const again = { credential: writer.credential, headers: { 'last-event-id': id } };
    for (const path of [streamPath('ada', 'Said by a writer'), stream.headers.get('content-location') ?? '']) {
      expect(await (await openStream(app, path, again)).text()).toContain(
        '{"type":"complete","content":"Half and half"}',
      );
    }
  });

  it('follows with the cursor of its message that turn, and no other', async () => {
    const input = { identity: { externalId: 'ada' }, channel: { key: 'web' }, text: 'Hello' };
    const { cursor, turn } = await mutate(writer, 'sendMessage', input, 'cursor turn { id }');
    const { turn: another } = await send(app, 'Hello again');
    const told = await subscribe(
      app,
      writer,
      'subscription ($turnId: ID!, $after: String) { turnEvents(turnId: $turnId, after: $after) { __typename } }',
      { turnId: turn.id, after: cursor },
    );
    expect((await told.next()).turnEvents.__typename).toBe('TurnStarted');
    await told.leave();
    for (const variables of [{ turnId: turn.id }, { turnId: another.id, after: cursor }]) {
      const refused = await subscribe(app, writer, TURN_EVENTS, variables);
      await expect(refused.next()).rejects.toThrow('FORBIDDEN');
    }
  });
});
