import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/** The result of an event, or null when it has to be executed. */
export type EventProjection = (event: ProjectableEvent) => { data: Record<string, unknown> } | null;

/** An event of a stream; its fields are members of the same name. */
export interface ProjectableEvent {
  type: string;
}

/** The events of every turn, and those of their fields that are plain text and need no resolver. */
const PLAIN_FIELDS: Record<string, ReadonlySet<string>> = {
  TurnStarted: new Set(['cursor', 'turnId']),
  TurnTokens: new Set(['cursor', 'turnId', 'text']),
  TurnCompleted: new Set(['cursor', 'turnId']),
  TurnFailed: new Set(['cursor', 'turnId', 'code', 'message']),
  TurnCancelled: new Set(['cursor', 'turnId']),
  StreamGap: new Set(['cursor', 'turnId', 'text']),
};

type Fragments = Map<string, FragmentDefinitionNode>;
/** Response name → field, in the order of the response. */
type Selected = Map<string, string>;

/**
 * What executing a subscription gives for the events of a turn, made without the executor, which is the largest part of what
 * a token costs. An event of which more than plain fields is selected, or anything with a directive, is executed, as is all else;
 * null when that is so for every event, or at the root.
 */
export function compileProjection(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
): EventProjection | null {
  const operation = operationOf(document, operationName);
  const [root, ...others] = operation?.selectionSet.selections ?? [];
  if (root?.kind !== Kind.FIELD || others.length > 0 || root.directives?.length || !root.selectionSet) return null;
  const fragments: Fragments = new Map(
    document.definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])),
  );
  const projections = new Map<string, Selected>();
  for (const [typeName, plain] of Object.entries(PLAIN_FIELDS)) {
    const type = schema.getType(typeName);
    const selected: Selected = new Map();
    if (
      isObjectType(type) &&
      tells(schema, root, type) &&
      select(root.selectionSet, { schema, type, plain, fragments, selected })
    )
      projections.set(typeName, selected);
  }
  if (projections.size === 0) return null;
  const responseName = root.alias?.value ?? root.name.value;
  return (event) => {
    const selected = projections.get(event.type);
    return selected ? { data: { [responseName]: project(event, selected) } } : null;
  };
}

/** Whether what a field tells may be of this type. */
function tells(schema: GraphQLSchema, { name }: FieldNode, type: GraphQLObjectType): boolean {
  const field = schema.getSubscriptionType()?.getFields()[name.value];
  const told = field && getNamedType(field.type);
  return isAbstractType(told) && schema.isSubType(told, type);
}

function operationOf(document: DocumentNode, name: string | null | undefined): OperationDefinitionNode | undefined {
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  return name ? operations.find((operation) => operation.name?.value === name) : operations[0];
}

interface SelectionScope {
  schema: GraphQLSchema;
  type: GraphQLObjectType;
  plain: ReadonlySet<string>;
  fragments: Fragments;
  selected: Selected;
}

/** Collects the fields as the specification has it (CollectFields). False: something is not plain. */
function select({ selections }: SelectionSetNode, scope: SelectionScope): boolean {
  return selections.every((selection) => {
    if (selection.directives?.length) return false;
    if (selection.kind === Kind.FIELD) {
      const name = selection.name.value;
      if (name !== '__typename' && !scope.plain.has(name)) return false;
      const responseName = selection.alias?.value ?? name;
      if (!scope.selected.has(responseName)) scope.selected.set(responseName, name);
      return true;
    }
    const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : scope.fragments.get(selection.name.value);
    if (!fragment || fragment.directives?.length) return false;
    return !applies(fragment.typeCondition?.name.value, scope) || select(fragment.selectionSet, scope);
  });
}

function applies(condition: string | undefined, { schema, type }: SelectionScope): boolean {
  if (condition === undefined || condition === type.name) return true;
  const conditional = schema.getType(condition);
  return isAbstractType(conditional) && schema.isSubType(conditional, type);
}

function project(event: ProjectableEvent, selected: Selected): Record<string, unknown> {
  const projected: Record<string, unknown> = {};
  for (const [responseName, field] of selected) {
    projected[responseName] = field === '__typename' ? event.type : event[field as keyof ProjectableEvent];
  }
  return projected;
}
