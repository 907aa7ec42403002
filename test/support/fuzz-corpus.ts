import { schema } from '../../src/graphql/schema.ts';
import { ISOLATION_CASES } from './isolation-cases.ts';
import { OPERATOR_FIELDS, OWN_FIELDS } from './root-fields.ts';
import { type TextPlace, textPlaces } from './text-places.ts';

/** A GraphQL request. */
export interface FuzzDocument {
  query: string;
  variables: Record<string, unknown>;
}

/** What the demo of a new server has, by the field that names it. */
const SAMPLES = {
  String: 'Sample',
  Int: 1,
  Float: 0.5,
  Boolean: true,
  JSON: 1,
  JSONObject: {},
  'IdentityReference.externalId': 'demo',
  'ChannelReference.key': 'web',
  'StageReference.key': 'onboarding',
};

/** Valid requests for every field of the schema that takes anything. */
export function fuzzDocuments(ids: string[]): FuzzDocument[] {
  const known = { ...SAMPLES, ID: ids[0] };
  const places = textPlaces(known).map((place: TextPlace) => ({
    query: place.document,
    variables: place.variables(place.good()),
  }));
  const cases = Object.values(ISOLATION_CASES).map(([query], index) => ({
    query,
    variables: { it: ids[index % ids.length], own: ids[0], ownConversation: ids[0] },
  }));
  const fields = [...Object.values(OWN_FIELDS), ...Object.values(OPERATOR_FIELDS)].map((query) => ({
    query,
    variables: {},
  }));
  return [...places, ...cases, ...fields];
}

/** What may be put into a document. */
export const FUZZ_WORDS: string[] = [
  ...[
    '{',
    '}',
    '(',
    ')',
    '[',
    ']',
    ':',
    '!',
    '$',
    '@',
    '|',
    '&',
    '=',
    '...',
    '"',
    '"""',
    '\\',
    '#',
    ',',
    '\ufeff',
    '\0',
  ],
  ...[
    'query',
    'mutation',
    'subscription',
    'fragment F on Query',
    '...F',
    '... on Node',
    '@include(if: $a)',
    '@skip(if: true)',
  ],
  ...[
    '@defer',
    '@stream',
    '@oneOf',
    '__typename',
    '__schema { types { name } }',
    '__type(name: "Query") { name }',
    'null',
  ],
  ...[
    'true',
    '1',
    '-1',
    '1e400',
    '99999999999999999999',
    '0.1',
    '"a"',
    '"\\u0000"',
    '"\\uD800"',
    '"\\u{1F600}"',
    '{a: 1}',
  ],
  ...[
    '[[[[[[]]]]]]',
    '$it',
    '$x: ID!',
    'first: 1',
    'first: -1',
    'last: 2147483647',
    'after: "x"',
    'a: ',
    '__proto__',
    '__proto__: ',
  ],
  ...Object.keys(schema.getTypeMap()),
  ...Object.values(schema.getQueryType()?.getFields() ?? {}).map(({ name }) => name),
];
