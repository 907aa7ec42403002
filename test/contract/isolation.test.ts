import {
  type GraphQLInputObjectType,
  type GraphQLNamedType,
  getNamedType,
  isInputObjectType,
  isObjectType,
} from 'graphql';
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

/** Places where a caller names something that exists: ids, references, keys, cursors and what is searched for. */
function places(): string[] {
  return Object.values(schema.getTypeMap()).flatMap((type) => {
    if (!isObjectType(type) || type.name.startsWith('__')) return [];
    return Object.values(type.getFields()).flatMap(({ name, args }) =>
      args.flatMap((arg) => namedBy(arg.name, getNamedType(arg.type)).map((path) => `${type.name}.${name}(${path})`)),
    );
  });
}

function namedBy(path: string, type: GraphQLNamedType): string[] {
  const name = path.split('.').at(-1) ?? '';
  if (type.name === 'ID' || /^[A-Z][a-z]+Reference$/.test(type.name)) return [path];
  if (isInputObjectType(type)) {
    const fields = Object.values((type as GraphQLInputObjectType).getFields());
    return fields.flatMap((field) => namedBy(`${path}.${field.name}`, getNamedType(field.type)));
  }
  return type.name === 'String' && /^(after|before|search|key|.*Id)$/.test(name) ? [path] : [];
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
    expect(Object.keys(ISOLATION_CASES).sort()).toEqual(places().sort());
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

  it('leaves the other workspace as it was', async () => {
    expect(await rowsOf(app, them)).toEqual(before);
  });
});
