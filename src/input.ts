import { z } from 'zod';
import { type InputIssue, InvalidInputError } from './errors.ts';
import { entityOf } from './ids.ts';
import { inputFault } from './input-faults.ts';
import { MAX_JSON_LENGTH, MAX_TEMPLATE_LENGTH, MAX_TEXT_LENGTH, type Sizes } from './limits.ts';

const MAX_JSON_DEPTH = 20;

/** What the operator allows of that, set once when the process starts. The rules below are made before it is known. */
export const sizes: Sizes = {
  pageSize: 100,
  textLength: MAX_TEXT_LENGTH,
  templateLength: MAX_TEMPLATE_LENGTH,
  jsonLength: MAX_JSON_LENGTH,
};

const NUL = '\u0000';

/** Any text PostgreSQL can store: no NUL character, no half of a surrogate pair. */
export const text = z
  .string()
  .check(atMost(() => sizes.textLength))
  .refine((value) => !value.includes(NUL), { error: 'must not contain the NUL character', abort: true })
  .refine((value) => value.isWellFormed(), { error: 'must be well-formed Unicode' });

/** Something a rule can measure. */
interface Measurable {
  length: number;
}

/**
 * Refuses texts and lists that are longer than what is allowed when they come. zod's own bounds measure whatever has a length,
 * be it a text or not, and throw when that is no number.
 */
export function atMost(length: () => number, unit = 'characters'): z.core.$ZodCheck<Measurable> {
  const check = z.superRefine<Measurable>((value, context) => {
    if (value.length <= length()) return;
    context.addIssue({ code: 'custom', message: `must have at most ${length()} ${unit}` });
  });
  return documented(check, 'maximum', length);
}

/** Refuses texts and lists that are shorter. */
export function atLeast(length: number, unit = 'characters'): z.core.$ZodCheck<Measurable> {
  const check = z.superRefine<Measurable>((value, context) => {
    if (value.length >= length) return;
    context.addIssue({ code: 'custom', message: `must have at least ${length} ${unit}` });
  });
  return documented(check, 'minimum', () => length);
}

/** Has a bound stand in the JSON Schemas that are made of it, as it is by then; the last one holds. */
function documented<Check extends z.core.$ZodCheck>(
  check: Check,
  name: 'minimum' | 'maximum',
  bound: () => number,
): Check {
  check._zod.onattach.push(({ _zod: { bag } }) => {
    Object.defineProperty(bag, name, { get: bound, enumerable: true, configurable: true });
  });
  return check;
}

/** A text in which something is said. */
export const nonBlankText = text.refine((value) => value.trim() !== '', { error: 'must not be blank' });

/** A name people read, trimmed. */
export const displayName = nonBlankText
  .trim()
  .check(atLeast(3))
  .check(atMost(() => 100));

/** A name that may be short, trimmed. */
export const shortName = nonBlankText.trim().check(atMost(() => 100));

/** A slug-like name: small letters, digits, `_` and `-`. */
export const slug = z
  .string()
  .check(atMost(() => 100))
  .regex(/^[a-z0-9]+(?:[_-]+[a-z0-9]+)*$/, { error: 'must consist of small letters, digits, _ and -' });

/** The key of a stage or channel: a slug that cannot be mistaken for an id. */
export const readableKey = slug
  .refine((value) => entityOf(value) === null, { error: 'must not look like an id' })
  .describe('Small letters, digits, `_` and `-`.');

/** The slug a name gives: small latin letters and digits, everything else folded into `_`; empty when nothing is left. */
export function slugFrom(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '_')
    .slice(0, 100)
    .replace(/^[_-]+|[_-]+$/g, '');
}

/** Completes what is to be created: its key is the chosen one, or else made from its name. */
export function withKey<Input extends { name: string; key?: string | null | undefined }>(
  input: Input,
  context: z.RefinementCtx,
): Input & { key: string } {
  const key = input.key ?? slugFrom(input.name);
  if (readableKey.safeParse(key).success) return { ...input, key };
  context.addIssue({
    code: 'custom',
    path: ['key'],
    message: 'is required when the name has no latin letters or digits',
  });
  return z.NEVER;
}

/** Whether a row can be named so: text that PostgreSQL cannot hold names nothing in it. */
export function canName(by: { [field: string]: string }): boolean {
  return Object.values(by).every((value) => text.safeParse(value).success);
}

/** A JSON value. */
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;
/** A JSON object. */
export type JsonObject = { [key: string]: JsonValue };

/** Any JSON value of at most 16,384 characters that PostgreSQL can store, nested at most 20 deep. */
export const json = z.custom<JsonValue>().superRefine((value, context) => {
  const fault = jsonFault(value, 0);
  if (fault) context.addIssue({ code: 'custom', message: fault });
  else if (JSON.stringify(value)?.length > sizes.jsonLength) {
    context.addIssue({ code: 'custom', message: `must be at most ${sizes.jsonLength} characters of JSON` });
  }
});

/** A JSON object with the limits of `json`. */
export const jsonObject = z
  .custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), {
    error: 'must be an object',
    abort: true,
  })
  .meta({ type: 'object', description: `Data of yours, at most ${MAX_JSON_LENGTH} characters of JSON.` })
  .pipe(json as z.ZodType<JsonObject, JsonObject>);

/** Data of the caller; null clears it. */
export const metadata = jsonObject.nullable().transform((value) => value ?? {});

function jsonFault(value: unknown, depth: number): string | undefined {
  if (depth > MAX_JSON_DEPTH) return `must not be nested more than ${MAX_JSON_DEPTH} deep`;
  if (typeof value === 'string') {
    if (value.includes(NUL)) return 'must not contain the NUL character';
    return value.isWellFormed() ? undefined : 'must be well-formed Unicode';
  }
  if (value === undefined) return 'must be a JSON value';
  // A number such as 1e400 is read as infinite, and would be stored as null.
  if (typeof value === 'number' && !Number.isFinite(value)) return 'must not contain a number beyond 1.8e308';
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, member] of Object.entries(value)) {
    if (key === '__proto__') return 'must not have a member named __proto__';
    const fault = jsonFault(key, depth) ?? jsonFault(member, depth + 1);
    if (fault) return fault;
  }
  return undefined;
}

/** The input as the schema gives it; throws InvalidInputError with one issue per wrong field. */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input, { error: inputFault });
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(toInputIssue);
  // Later ones take for granted what the first one says is missing.
  throw new InvalidInputError(
    issues.filter(({ path }, index) => issues.findIndex((one) => one.path === path) === index),
  );
}

type Defined<Fields> = { [Name in keyof Fields as undefined extends Fields[Name] ? never : Name]: Fields[Name] } & {
  [Name in keyof Fields as undefined extends Fields[Name] ? Name : never]?: Exclude<Fields[Name], undefined>;
};

/** The same fields without those that are undefined: an omitted field keeps what is stored. */
export function defined<Fields extends object>(fields: Fields): Defined<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<Fields>;
}

/** One issue of zod as ours. */
export function toInputIssue(issue: z.core.$ZodIssue): InputIssue {
  return { path: issue.path.map(String).join('.'), message: issue.message };
}
