import { createComplexityRule } from '@pothos/plugin-complexity';
import {
  type ASTNode,
  type DocumentNode,
  type GraphQLField,
  type GraphQLSchema,
  getNullableType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  validate,
  visit,
} from 'graphql';
import { DEFAULT_PAGE_SIZE } from './pages.ts';

/** How large the answer to an operation may become. */
export interface Cost {
  /** How deeply its fields are nested. */
  depth: number;
  /** How many fields it may have. */
  fields: number;
}

/** An operation of a valid document, and what its variables are. */
export interface MeasuredOperation {
  schema: GraphQLSchema;
  document: DocumentNode;
  operationName?: string | null | undefined;
  variableValues?: Record<string, unknown> | null | undefined;
}

/** Arguments that say how long a list may be. */
const LENGTHS = new Set(['first', 'last', 'ids']);
/** Lists that are not paged are short. */
const LIST_LENGTH = 10;

/** Says of every field what it counts: itself, and what is selected of it as often as it may come. */
export function measured(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      // Where the rule below looks for it.
      field.extensions = { ...field.extensions, complexity: complexityOf(field) };
    }
  }
  return schema;
}

type Complexity = { field: number; multiplier: number };
type Lengths = { first?: number | null; last?: number | null; ids?: unknown[] };

/** Of a list whose length is asked for, the arguments decide. */
function complexityOf({
  name,
  type,
  args,
}: GraphQLField<unknown, unknown>): Complexity | ((args: Lengths) => Complexity) {
  const known = new Set(args.map((arg) => arg.name));
  if (known.has('ids')) return ({ ids = [] }) => ({ field: 1, multiplier: ids.length });
  if (known.has('first')) return ({ first, last }) => ({ field: 1, multiplier: first ?? last ?? DEFAULT_PAGE_SIZE });
  // The edges of a page are as many as the page has counted already.
  return { field: 1, multiplier: isListType(getNullableType(type)) && name !== 'edges' ? LIST_LENGTH : 1 };
}

/** Null when the variables do not fit: executing it says so. Throws GraphQLError when the length of a list does not. */
export function costOf({ schema, document, operationName, variableValues }: MeasuredOperation): Cost | null {
  let cost: Cost | null = null;
  const rule = createComplexityRule({
    context: {},
    variableValues: variableValues ?? {},
    operationName: operationName ?? null,
    validate: ({ complexity, depth }) => {
      cost = { depth, fields: complexity };
    },
  });
  validate(schema, document, [rule]);
  return cost;
}

/** Whether the cost of an operation depends on its variables. */
export function hasVariableLengths(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Argument(node) {
      if (LENGTHS.has(node.name.value) && mentionsVariable(node.value)) found = true;
    },
  });
  return found;
}

function mentionsVariable(value: ASTNode): boolean {
  if (value.kind === Kind.LIST) return value.values.some(mentionsVariable);
  return value.kind === Kind.VARIABLE;
}
