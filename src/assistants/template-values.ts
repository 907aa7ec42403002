/** How a number must be written in a text to count as one, which is how a template itself writes it. */
const NUMERIC = /^-?\d{1,20}(?:\.\d{1,20})?$/;

/** False are false, null, undefined, the empty text, 0, NaN and the empty list, as in Handlebars' `if`. */
export function isTruthy(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

/** Whether two values are the same: of one type and equal, both absent, or a number and a text that spells it. */
export function areEqual(left: unknown, right: unknown): boolean {
  const [a, b] = alignNumbers(left ?? null, right ?? null);
  return a === b;
}

/**
 * Below zero, zero or above as `left` comes before, with or after `right`; NaN when they have no order.
 * Numbers go by size, also against a text that spells one; texts by UTF-16 code unit; nothing else has an order.
 */
export function compareValues(left: unknown, right: unknown): number {
  const [a, b] = alignNumbers(left, right);
  const ordered = typeof a === typeof b && (typeof a === 'number' || typeof a === 'string');
  if (!ordered) return Number.NaN;
  if (a === b) return 0;
  return (a as string) < (b as string) ? -1 : 1;
}

function alignNumbers(left: unknown, right: unknown): [unknown, unknown] {
  if (typeof left === 'number' && isNumeric(right)) return [left, Number(right)];
  if (typeof right === 'number' && isNumeric(left)) return [Number(left), right];
  return [left, right];
}

function isNumeric(value: unknown): boolean {
  return typeof value === 'string' && NUMERIC.test(value);
}

/** The value's own member of that name; inherited members and functions are as good as absent. */
export function memberOf(value: unknown, name: string): unknown {
  if (value === null || value === undefined || !Object.hasOwn(value, name)) return undefined;
  const member: unknown = (value as Record<string, unknown>)[name];
  return typeof member === 'function' ? undefined : member;
}

/** What a mustache prints: nothing for an absent value, JSON for a list or an object. */
export function toText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
