import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ConstDirectiveNode,
  type DefinitionNode,
  type GraphQLInputField,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  isUnionType,
  parse,
  print,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { printedSchema } from '../../src/graphql/print.ts';
import { schema } from '../../src/graphql/schema.ts';

const read = (...path: string[]) => readFileSync(join(import.meta.dirname, ...path), 'utf8');

const BUILT_IN = /^(__.*|String|Int|Float|Boolean|ID)$/;
const types = Object.values(schema.getTypeMap()).filter(({ name }) => !BUILT_IN.test(name));
const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});
const capitalized = (name: string) => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;

/** Something with a name and a description, and where it stands. */
interface Described {
  path: string;
  name: string;
  description: string | null | undefined;
}

function describedParts(type: GraphQLNamedType): Described[] {
  const own = [{ path: type.name, ...type, name: type.name, description: type.description }];
  const part = (path: string, { name, description }: Pick<GraphQLInputField, 'name' | 'description'>) => ({
    path,
    name,
    description,
  });
  if (isEnumType(type)) return [...own, ...type.getValues().map((value) => part(`${type.name}.${value.name}`, value))];
  if (isInputObjectType(type)) {
    return [...own, ...Object.values(type.getFields()).map((field) => part(`${type.name}.${field.name}`, field))];
  }
  if (!isObjectType(type) && !isInterfaceType(type)) return own;
  const fields = Object.values(type.getFields()).flatMap((field) => {
    const path = `${type.name}.${field.name}`;
    return [part(path, field), ...field.args.map((arg) => part(`${path}(${arg.name}:)`, arg))];
  });
  return [...own, ...fields];
}

/** Words that say nothing by themselves. */
const EMPTY = new Set('a an the of it its this that is are was were in to for which one'.split(' '));

function saysMoreThanItsName({ name, description }: Described): boolean {
  const spoken = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
  const repeated = new Set(spoken.split(/[ _]/).flatMap((word) => [word, `${word}s`, word.replace(/s$/, '')]));
  const words = description?.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return words.some((word) => !EMPTY.has(word) && !repeated.has(word));
}

describe('schema.graphql', () => {
  it('is what the code says, byte for byte', () => {
    expect(read('..', '..', 'schema.graphql') === printedSchema, 'run `npm run schema`').toBe(true);
  });
});

describe('descriptions', () => {
  const described = types.flatMap(describedParts);

  it('are whole sentences, on everything', () => {
    const faulty = described.filter(({ description }) => !/^[A-Z`0-9].*\.$/s.test(description ?? ''));
    expect(faulty.map(({ path, description }) => [path, description])).toEqual([]);
  });

  it('say more than the name in other words', () => {
    expect(described.filter((part) => !saysMoreThanItsName(part)).map(({ path }) => path)).toEqual([]);
  });

  it('tell what null means where a field of an object may be null', () => {
    const nullable = types
      .filter((type) => isObjectType(type) && type !== schema.getSubscriptionType())
      .flatMap((type) => Object.values(isObjectType(type) ? type.getFields() : {}).map((field) => ({ type, field })))
      .filter(({ field }) => !String(field.type).endsWith('!') && !/\bnull\b/.test(field.description ?? ''));
    expect(nullable.map(({ type, field }) => `${type.name}.${field.name}`)).toEqual([]);
  });
});

describe('names', () => {
  it('of a mutation give those of its input and its result', () => {
    const signatures = mutations.map(({ name, args, type }) => [name, args.map(String), String(type)]);
    const expected = mutations.map(({ name }) => [name, ['input'], `${capitalized(name)}Result!`]);
    expect(
      signatures.map(([name, args, type]) => [
        name,
        (args as string[]).map((arg) => arg.replace(/.*\((\w+):.*/, '$1')),
        type,
      ]),
    ).toEqual(expected);
    expect(mutations.map(({ args }) => String(args[0]?.type))).toEqual(
      mutations.map(({ name }) => `${capitalized(name)}Input!`),
    );
  });

  it('of the members of a result are its payload and errors a caller can act on', () => {
    for (const { name } of mutations) {
      const result = schema.getType(`${capitalized(name)}Result`);
      const members = isUnionType(result) ? result.getTypes() : [];
      const errors = members.filter((type) => type.getInterfaces().some((one) => one.name === 'UserError'));
      const payloads = members.filter((type) => !errors.includes(type)).map((type) => type.name);
      expect(payloads).toEqual([`${capitalized(name)}Payload`]);
      expect(errors.map((type) => type.name)).toEqual(expect.arrayContaining(['ForbiddenError', 'InvalidInputError']));
    }
  });

  it('of a connection and its edge are those of the entity', () => {
    for (const type of types.filter(({ name }) => name.endsWith('Connection'))) {
      const entity = type.name.replace('Connection', '');
      const fieldsOf = (name: string) => {
        const named = schema.getType(name);
        return isObjectType(named) ? named.getFields() : {};
      };
      expect(String(fieldsOf(type.name).edges?.type)).toBe(`[${entity}Edge!]!`);
      expect(String(fieldsOf(`${entity}Edge`).node?.type)).toBe(`${entity}!`);
    }
  });

  it('of a reference belong to an input of which exactly one field is given', () => {
    const references = types.filter(({ name }) => /^[A-Z][a-z]+Reference$/.test(name));
    expect(references.map(({ name }) => name).sort()).toEqual([
      'ChannelReference',
      'IdentityReference',
      'StageReference',
    ]);
    for (const type of references) expect(isInputObjectType(type) && type.isOneOf).toBe(true);
  });

  it('of times end in At', () => {
    const times = types
      .filter((type) => isObjectType(type))
      .flatMap((type) => Object.values(type.getFields()).filter(({ type }) => String(type).startsWith('DateTime')));
    expect(times.map(({ name }) => name).filter((name) => !name.endsWith('At'))).toEqual([]);
  });
});

describe('the contract', () => {
  const { definitions } = parse(read('contract.graphql'));
  const named = definitions.filter((definition) => 'name' in definition && definition.name);

  it.each(named.map((definition) => [nameOf(definition), definition] as const))('has %s', (name, definition) => {
    const type = schema.getType(name);
    expect(type, `${name} is missing`).toBeDefined();
    expect(differences(type as GraphQLNamedType, definition)).toEqual([]);
  });

  it('has no argument or input field besides its own that clients must give', () => {
    expect(named.flatMap((definition) => demandedBesides(definition))).toEqual([]);
  });
});

/** What the schema demands and the contract does not know. */
function demandedBesides(definition: DefinitionNode): string[] {
  const type = schema.getType(nameOf(definition));
  const fields = 'fields' in definition ? (definition.fields ?? []) : [];
  if (isInputObjectType(type)) {
    const known = fields.map(({ name }) => name.value);
    const required = Object.values(type.getFields()).filter(isRequiredInputField);
    return required.map(({ name }) => name).filter((name) => !known.includes(name));
  }
  if (!isObjectType(type)) return [];
  return fields.flatMap((field) => {
    const known = 'arguments' in field ? (field.arguments ?? []).map(({ name }) => name.value) : [];
    const required = type.getFields()[field.name.value]?.args.filter(isRequiredArgument) ?? [];
    return required.map(({ name }) => name).filter((name) => !known.includes(name));
  });
}

function nameOf(definition: DefinitionNode): string {
  return 'name' in definition && definition.name ? definition.name.value : '';
}

/** What the contract says of a type and the schema does not. */
function differences(type: GraphQLNamedType, definition: DefinitionNode): string[] {
  const expected = new Set<string>();
  const actual = new Set<string>();
  const expect = (directives: readonly ConstDirectiveNode[] = []) => {
    for (const directive of directives) expected.add(print(directive));
  };
  if ('directives' in definition) expect(definition.directives as readonly ConstDirectiveNode[]);
  if (isInputObjectType(type) && type.isOneOf) actual.add('@oneOf');
  if ('interfaces' in definition)
    for (const one of definition.interfaces ?? []) expected.add(`implements ${one.name.value}`);
  if ('values' in definition) for (const one of definition.values ?? []) expected.add(one.name.value);
  if ('types' in definition) for (const one of definition.types ?? []) expected.add(`| ${one.name.value}`);
  for (const field of 'fields' in definition ? (definition.fields ?? []) : []) {
    expected.add(`${field.name.value}: ${print(field.type)}`);
    for (const arg of 'arguments' in field ? (field.arguments ?? []) : []) {
      expected.add(`${field.name.value}(${arg.name.value}: ${print(arg.type)})`);
    }
  }
  if (isObjectType(type)) for (const one of type.getInterfaces()) actual.add(`implements ${one.name}`);
  if (isEnumType(type)) for (const one of type.getValues()) actual.add(one.name);
  if (isUnionType(type)) for (const one of type.getTypes()) actual.add(`| ${one.name}`);
  const fields = isObjectType(type) || isInterfaceType(type) || isInputObjectType(type) ? type.getFields() : {};
  for (const field of Object.values(fields)) {
    actual.add(`${field.name}: ${field.type}`);
    for (const arg of 'args' in field ? field.args : []) actual.add(`${field.name}(${arg.name}: ${arg.type})`);
  }
  return [...expected].filter((line) => !actual.has(line));
}
