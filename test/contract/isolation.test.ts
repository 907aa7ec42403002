import { type GraphQLNamedType, getNamedType, isInputObjectType, isObjectType } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { schema } from '../../src/graphql/schema.ts';
import { type Caller, startTestApp } from '../support/app.ts';
import { prepareDemo, send } from '../support/demo.ts';
import { type Kind, MARK, type Names, prepareForeign, rowsOf } from '../support/foreign.ts';
import { asVariable, ISOLATION_CASES } from '../support/isolation-cases.ts';
import { mutate } from '../support/mutate.ts';

const app = await startTestApp();
let them: Caller;
let names: Record<Kind, Names>;
let before: unknown[][];
let own: { own: string; ownConversation: string };

beforeAll(async () => {
  await prepareDemo(app);
  await mutate(app, 'upsertIdentity', { identity: { externalId: 'bob' } });
  const { turn } = await send(app, 'Hello');
  await app.rest('POST', '/conversation/ada/chat/web', { text: 'Hello again' });
  own = { own: turn.id, ownConversation: turn.conversation.id };
  them = await app.stranger();
  names = await prepareForeign(them);
  before = await rowsOf(app, them);
});

/** The ways in which each reference names something. */
const WAYS: Record<string, Record<string, Kind>> = {
  StageReference: { id: 'stage id', key: 'stage key' },
  IdentityReference: { id: 'identity id', externalId: 'external id' },
  ChannelReference: { id: 'channel id', key: 'channel key' },
};

/** Somewhere a caller names something that exists: an id, a reference, a key, a cursor, or what is searched for. */
interface Place {
  path: string;
  type: GraphQLNamedType;
}

function places(): Place[] {
  return Object.values(schema.getTypeMap()).flatMap((type) => {
    if (!isObjectType(type) || type.name.startsWith('__')) return [];
    return Object.values(type.getFields()).flatMap(({ name, args }) =>
      args
        .flatMap((arg) => namedBy(arg.name, getNamedType(arg.type)))
        .map(({ path, ...place }) => ({ ...place, path: `${type.name}.${name}(${path})` })),
    );
  });
}

function namedBy(path: string, type: GraphQLNamedType): Place[] {
  const name = path.split('.').at(-1) ?? '';
  if (type.name === 'ID' || type.name in WAYS) return [{ path, type }];
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields());
    return fields.flatMap((field) => namedBy(`${path}.${field.name}`, getNamedType(field.type)));
  }
  return type.name === 'String' && /^(after|before|search|key|.*Id)$/.test(name) ? [{ path, type }] : [];
}

/** The answer as text, whether it is one result or a stream that ends at once; what was asked for is cut out. */
async function answerTo(document: string, it: unknown, value: unknown): Promise<string> {
  const accept = document.startsWith('subscription') ? 'text/event-stream' : 'application/json';
  const response = await app.app.fetch(
    new Request('http://milepost.test/graphql', {
      method: 'POST',
      headers: { authorization: `Bearer ${app.credential}`, accept, 'content-type': 'application/json' },
      body: JSON.stringify({ query: document, variables: { it, ...own } }),
    }),
  );
  return `${response.status} ${(await response.text()).replaceAll(String(value), 'IT')}`;
}

describe('GraphQL', () => {
  it('has a case for every place where something is named', () => {
    expect(Object.keys(ISOLATION_CASES).sort()).toEqual(
      places()
        .map(({ path }) => path)
        .sort(),
    );
  });

  it('has a case for every way of naming it', () => {
    const references = Object.values(schema.getTypeMap()).filter(
      (type) => isInputObjectType(type) && type.isOneOf && type.name.endsWith('Reference'),
    );
    for (const type of references) {
      expect(isInputObjectType(type) && Object.keys(type.getFields()).sort()).toEqual(
        Object.keys(WAYS[type.name] ?? {}).sort(),
      );
    }
    for (const { path, type } of places()) {
      const [, ...kinds] = ISOLATION_CASES[path] ?? ['none'];
      expect([path, kinds]).toEqual([path, type.name in WAYS ? Object.values(WAYS[type.name] ?? {}) : kinds]);
      expect([path, kinds.length]).not.toEqual([path, 0]);
    }
  });

  const cases = Object.entries(ISOLATION_CASES).flatMap(([place, [document, ...kinds]]) =>
    kinds.map((kind) => ({ place, document, kind })),
  );

  it.each(cases)('$place answers to the $kind of another workspace as to one of nobody', async ({ document, kind }) => {
    const { theirs, nobodys } = names[kind];
    const answers = [];
    for (const value of [nobodys, theirs]) {
      answers.push(await answerTo(document, asVariable(document, kind, value), value));
    }
    expect(answers[1]).toBe(answers[0]);
    expect(answers[1]).not.toContain('INTERNAL');
    if (kind !== 'text') expect(answers[1]).not.toContain(MARK);
  });

  const lists = Object.values(schema.getQueryType()?.getFields() ?? {}).filter(({ type }) =>
    getNamedType(type).name.endsWith('Connection'),
  );

  it.each(lists.map(({ name }) => name))('lists in %s nothing of another workspace', async (list) => {
    const idsOf = async (caller: Caller): Promise<string[]> =>
      (await caller.query(`{ ${list}(last: 100) { edges { node { id } } } }`))[list].edges.map(
        ({ node }: { node: { id: string } }) => node.id,
      );
    const [ours, theirs] = [await idsOf(app), await idsOf(them)];
    expect([ours.length, theirs.length]).not.toContain(0);
    expect(ours.filter((id) => theirs.includes(id))).toEqual([]);
  });

  it('leaves the other workspace as it was', async () => {
    expect(await rowsOf(app, them)).toEqual(before);
  });
});
