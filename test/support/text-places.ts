import {
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLObjectType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
} from 'graphql';
import { schema } from '../../src/graphql/schema.ts';

/** A place of the schema where a caller may write text or JSON. */
export interface TextPlace {
  /** Such as `Mutation.createStage(input.name)`. */
  coordinate: string;
  /** What the server calls it when it complains: without the `input` around everything. */
  path: string;
  type: 'String' | 'ID' | 'JSON' | 'JSONObject';
  /** It names something that may or may not be there. */
  names: boolean;
  /** A good value. */
  good(): unknown;
  document: string;
  /** Good variables, but for this value. */
  variables(value: unknown): Record<string, unknown>;
}

/** Good values by the field of an input, or by a scalar; what is in no input is known by the name of its argument. */
export type Samples = Record<string, unknown>;

/** Where objects with fields that take arguments are found. */
const AROUND: Record<string, (field: string) => string> = {
  Query: (field) => field,
  Mutation: (field) => field,
  Subscription: (field) => field,
  Identity: (field) => `identity(by: { externalId: "ada" }) { ${field} }`,
  Conversation: (field) => `conversations { edges { node { ${field} } } }`,
  Worker: (field) => `workers { edges { node { ${field} } } }`,
  Journey: (field) => `journey { ${field} }`,
};
const TEXTS = new Set(['String', 'ID', 'JSON', 'JSONObject']);
const COMPLAINTS = '... on UserError { code message } ... on InvalidInputError { issues { path message } }';

/** Every such place there is. */
export function textPlaces(samples: Samples): TextPlace[] {
  return Object.values(schema.getTypeMap()).flatMap((type) =>
    isObjectType(type) && !type.name.startsWith('__') ? placesOf(type, samples) : [],
  );
}

function placesOf(type: GraphQLObjectType, samples: Samples): TextPlace[] {
  return Object.values(type.getFields()).flatMap((field) =>
    field.args.flatMap((arg) =>
      leavesOf(arg, []).map((leaf) => {
        const around = AROUND[type.name];
        if (!around) throw new Error(`Nobody has said where a ${type.name} is found`);
        const given = field.args.filter((one) => one === arg || isNonNullType(one.type));
        const selection = isUnionType(getNamedType(field.type)) ? `{ __typename ${COMPLAINTS} }` : '{ __typename }';
        const isLeaf = !('getFields' in getNamedType(field.type)) && !isUnionType(getNamedType(field.type));
        const call = `${field.name}(${given.map(({ name }) => `${name}: $${name}`).join(', ')}) ${isLeaf ? '' : selection}`;
        const kind = type.name === 'Mutation' ? 'mutation' : type.name === 'Subscription' ? 'subscription' : 'query';
        const path = [arg.name, ...leaf.path];
        return {
          coordinate: `${type.name}.${field.name}(${path.join('.')})`,
          path: path.filter((step) => step !== 'input').join('.'),
          type: leaf.type,
          names: leaf.names,
          good: () => samples[leaf.place] ?? samples[leaf.type],
          document: `${kind} (${given.map((one) => `$${one.name}: ${one.type}`).join(', ')}) { ${around(call)} }`,
          variables: (value: unknown) =>
            Object.fromEntries(
              given.map((one) => [one.name, sample(one, one === arg ? { path: leaf.path, value } : null, samples)]),
            ),
        };
      }),
    ),
  );
}

interface Leaf {
  path: string[];
  /** As samples call it. */
  place: string;
  type: TextPlace['type'];
  names: boolean;
}

/** The texts inside an argument or a field of an input. */
function leavesOf({ name, type }: GraphQLArgument | GraphQLInputField, path: string[], around = ''): Leaf[] {
  const named = getNamedType(type);
  const inner = isListType(isNonNullType(type) ? type.ofType : type) ? [...path, '0'] : path;
  if (isInputObjectType(named)) {
    return Object.values(named.getFields()).flatMap((field) => leavesOf(field, [...inner, field.name], named.name));
  }
  if (!TEXTS.has(named.name)) return [];
  const names = named.name === 'ID' || /Reference$/.test(around) || /^(after|before|prefix)$/.test(name);
  return [{ path: inner, place: placeIn(around, name), type: named.name as TextPlace['type'], names }];
}

/** A value for an argument or field, with `put.value` at `put.path` inside. */
function sample(
  { name, type }: GraphQLArgument | GraphQLInputField,
  put: { path: string[]; value: unknown } | null,
  samples: Samples,
  around = '',
): unknown {
  return sampleOf(type, put, samples, placeIn(around, name));
}

function placeIn(around: string, name: string): string {
  return around ? `${around}.${name}` : name;
}

function sampleOf(
  type: GraphQLInputType,
  put: { path: string[]; value: unknown } | null,
  samples: Samples,
  place: string,
): unknown {
  if (isNonNullType(type)) return sampleOf(type.ofType, put, samples, place);
  const [step, ...path] = put?.path ?? [];
  const inside = put && { path, value: put.value };
  if (isListType(type)) return [sampleOf(type.ofType, step === '0' ? inside : put, samples, place)];
  if (!isInputObjectType(type)) {
    if (put) return put.value;
    if (isEnumType(type)) return type.getValues()[0]?.name;
    return samples[place] ?? samples[type.name];
  }
  const fields = Object.values(type.getFields());
  const first =
    type.isOneOf && step === undefined ? fields.find((field) => `${type.name}.${field.name}` in samples) : null;
  const given = fields.filter(
    (field) => field.name === step || field === first || (isNonNullType(field.type) && !type.isOneOf),
  );
  return Object.fromEntries(
    given.map((field) => [field.name, sample(field, field.name === step ? inside : null, samples, type.name)]),
  );
}
