/** The part of JSON Schema that our documents are made of. */
export interface JsonSchema {
  $ref?: string;
  type?: string | string[];
  anyOf?: JsonSchema[];
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  description?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  examples?: unknown[];
}

export interface Field {
  name: string;
  required: boolean;
  schema: JsonSchema;
}

/** Plain words for the longest text there may be are of no use. */
const UNBOUNDED = 100_000;

/** All there is in an object, the required first, what a field holds in turn after it as `outer.inner`. */
export function fieldsOf(schema: JsonSchema, prefix = ''): Field[] {
  const isRequired = (name: string) => schema.required?.includes(name) ?? false;
  const members = Object.entries(schema.properties ?? {});
  const requiredFirst = members.sort(([one], [other]) => Number(isRequired(other)) - Number(isRequired(one)));
  return requiredFirst.flatMap(([name, field]) => {
    const whole = { name: `${prefix}${name}`, required: isRequired(name), schema: field };
    const held = withoutNull(field);
    return [whole, ...fieldsOf(held, `${whole.name}.`), ...membersOf(held.items, `${whole.name}[].`)];
  });
}

/** What the items of a list hold, whichever form they have. */
function membersOf(items: JsonSchema | undefined, prefix: string): Field[] {
  const forms = items?.anyOf?.flatMap((form) => fieldsOf(form, prefix)) ?? [];
  // What one form requires another does without.
  return [...fieldsOf(items ?? {}, prefix), ...forms.map((field) => ({ ...field, required: false }))];
}

/** What may be null, when it is not. */
export function withoutNull(schema: JsonSchema): JsonSchema {
  const forms = schema.anyOf?.filter(({ type }) => type !== 'null');
  return forms?.length === 1 ? (forms[0] as JsonSchema) : schema;
}

/** The type of a schema in words. */
export function wordsOf(schema: JsonSchema): string {
  if (schema.$ref) return nameOf(schema.$ref);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' or ');
  if (schema.anyOf) return [...new Set(schema.anyOf.map(wordsOf))].join(' or ');
  if (schema.items) return `list of ${wordsOf(schema.items)}`;
  if (schema.format === 'date-time') return 'instant (ISO 8601)';
  return [schema.type ?? 'any value'].flat().join(' or ');
}

/** What bounds a value, in words; empty when nothing does. */
export function constraintsOf(schema: JsonSchema): string {
  const { minimum, maximum, minLength, maxLength, minItems, maxItems, default: preset } = withoutNull(schema);
  const words = [
    between(minimum, maximum, ''),
    between(minLength, maxLength === UNBOUNDED ? undefined : maxLength, ' characters'),
    between(minItems, maxItems, ' items'),
    preset === undefined ? '' : `by default ${JSON.stringify(preset)}`,
  ];
  return words.filter(Boolean).join(', ');
}

function between(low: number | undefined, high: number | undefined, unit: string): string {
  const [from, to] = [low, high].map((bound) => bound?.toLocaleString('en-US'));
  if (from !== undefined && to !== undefined) return `${from} to ${to}${unit}`;
  if (to !== undefined) return `at most ${to}${unit}`;
  return from === undefined ? '' : `at least ${from}${low === 1 ? unit.replace(/s$/, '') : unit}`;
}

function nameOf(ref: string): string {
  return ref.slice(ref.lastIndexOf('/') + 1);
}
