import { type Call, type Expression, SINGLE_EQUALS } from './infix.ts';
import { TemplateError } from './template-error.ts';
import type { Place, Scope } from './template-scope.ts';
import type { Path } from './template-tokens.ts';
import { areEqual, compareValues, isTruthy, memberOf } from './template-values.ts';

export type Evaluate = (scope: Scope) => unknown;

interface Helper {
  takes: string;
  accepts: (count: number) => boolean;
  run: (values: unknown[]) => unknown;
}

/** The helpers whose block decides what is rendered. */
export const BLOCK_HELPERS: ReadonlySet<string> = new Set(['if', 'unless', 'each', 'with']);

const ROOTS: ReadonlySet<string> = new Set(['identity', 'memory', 'channel', 'workspace', 'now']);
const KNOWN_ROOTS = 'identity, memory, channel, workspace and now';
const LOOP_NAMES: ReadonlySet<string> = new Set(['index', 'key', 'first', 'last']);

/** What operators and prefix forms call; `and`, `or` and `not` answer true or false, never one of their values. */
const HELPERS: ReadonlyMap<string, Helper> = new Map([
  ['eq', pair(areEqual)],
  ['ne', pair((a, b) => !areEqual(a, b))],
  ['lt', pair((a, b) => compareValues(a, b) < 0)],
  ['lte', pair((a, b) => compareValues(a, b) <= 0)],
  ['gt', pair((a, b) => compareValues(a, b) > 0)],
  ['gte', pair((a, b) => compareValues(a, b) >= 0)],
  ['lookup', pair(lookup)],
  ['and', several((values) => values.every(isTruthy))],
  ['or', several((values) => values.some(isTruthy))],
  ['not', { takes: 'one value', accepts: (count) => count === 1, run: ([value]) => !isTruthy(value) }],
]);

/** A function that evaluates an expression of this place; throws TemplateError for names that nothing can have. */
export function compileExpression(expression: Expression, place: Place): Evaluate {
  if (expression.kind === 'literal') return () => expression.value;
  return expression.kind === 'call' ? compileCall(expression, place) : compilePath(expression, place);
}

function compileCall({ name, parameters, options, at }: Call, place: Place): Evaluate {
  const helper = HELPERS.get(name.text);
  if (!helper) throw new TemplateError(unknownHelper(name), place.source, name.at);
  const [option] = options;
  if (option) throw new TemplateError(SINGLE_EQUALS, place.source, option.at);
  if (!helper.accepts(parameters.length)) throw wrongCount(name, helper, place);
  const values = parameters.map((parameter) => compileExpression(parameter, place));
  return (scope) => {
    scope.run.step(at, values.length);
    return helper.run(values.map((value) => value(scope)));
  };
}

function compilePath(path: Path, place: Place): Evaluate {
  const [first] = path.parts;
  if (path.data) return compileDataPath(path, place);
  if (!path.scoped && first !== undefined) {
    const local = findBlockParam(first, place);
    if (local) return compileBlockParam(local, path.parts.slice(1));
    refuseHelperName(path, place);
  }
  return compileContextPath(path, place);
}

function compileContextPath({ parts, depth, scoped, at }: Path, place: Place): Evaluate {
  let target: Place | undefined = place;
  for (let level = 0; level < depth && target; level += 1) target = target.outer;
  if (!target) throw new TemplateError('Here is no block for ../ to leave.', place.source, at);
  const [first] = parts;
  if (!target.outer && first !== undefined) checkRoot(first, place, at);
  // An item seldom has a member called identity; without this its template would silently lose the real one.
  const mayMeanRoot = !scoped && first !== undefined && ROOTS.has(first);
  return (scope) => {
    const { value } = climb(scope, depth);
    return follow(mayMeanRoot && memberOf(value, first) === undefined ? scope.run.root : value, parts);
  };
}

function compileDataPath({ text, parts, depth, at }: Path, place: Place): Evaluate {
  const [first = '', ...rest] = parts;
  if (first === 'root' && depth === 0) {
    if (rest[0] !== undefined) checkRoot(rest[0], place, at);
    return (scope) => follow(scope.run.root, rest);
  }
  if (!LOOP_NAMES.has(first)) {
    throw new TemplateError(`There is no ${text}: known are @root, @index, @key, @first and @last.`, place.source, at);
  }
  if (place.loops <= depth) throw new TemplateError(`${text} is known only inside {{#each}}.`, place.source, at);
  return ({ loop }) => {
    let current = loop;
    for (let level = 0; level < depth; level += 1) current = current?.outer;
    return follow(current, parts);
  };
}

function compileBlockParam({ hops, isKey }: { hops: number; isKey: boolean }, parts: string[]): Evaluate {
  return (scope) => {
    const owner = climb(scope, hops);
    return follow(isKey ? owner.loop?.key : owner.value, parts);
  };
}

function findBlockParam(name: string, place: Place): { hops: number; isKey: boolean } | undefined {
  let hops = 0;
  for (let owner: Place | undefined = place; owner; owner = owner.outer) {
    const index = owner.blockParams.indexOf(name);
    if (index >= 0) return { hops, isKey: index === 1 };
    hops += 1;
  }
  return undefined;
}

function climb(scope: Scope, levels: number): Scope {
  let current = scope;
  for (let level = 0; level < levels && current.outer; level += 1) current = current.outer;
  return current;
}

function follow(value: unknown, parts: string[]): unknown {
  let current = value;
  for (const part of parts) {
    // Left at once, so that a name of thousands of parts costs no more than the data is deep.
    if (current === undefined) return undefined;
    current = memberOf(current, part);
  }
  return current;
}

function lookup(value: unknown, name: unknown): unknown {
  return typeof name === 'string' || typeof name === 'number' ? memberOf(value, String(name)) : undefined;
}

function checkRoot(name: string, place: Place, at: number): void {
  if (ROOTS.has(name)) return;
  const message =
    name === 'function'
      ? 'A template cannot call functions or tools; the assistant sees its tools without it.'
      : `There is no value ${name}: a template knows ${KNOWN_ROOTS}, and text stands in quotation marks.`;
  throw new TemplateError(message, place.source, at);
}

function refuseHelperName(path: Path, place: Place): void {
  const helper = HELPERS.get(path.text);
  if (helper) throw wrongCount(path, helper, place);
  if (BLOCK_HELPERS.has(path.text)) throw new TemplateError(unknownHelper(path), place.source, path.at);
}

function wrongCount(name: Path, helper: Helper, place: Place): TemplateError {
  return new TemplateError(`The helper ${name.text} takes ${helper.takes}.`, place.source, name.at);
}

function unknownHelper({ text, parts }: Path): string {
  if (BLOCK_HELPERS.has(text)) return `${text} is a block: write {{#${text} …}} … {{/${text}}}.`;
  if (/^else?if$|^elsif$/.test(text)) return 'Write {{else if …}}.';
  if (parts.length > 1 || ROOTS.has(text))
    return `${text} is a value: no other value can follow it without an operator.`;
  return `There is no helper ${text}: known are ${[...HELPERS.keys()].join(', ')}.`;
}

function pair(run: (left: unknown, right: unknown) => unknown): Helper {
  return { takes: 'two values', accepts: (count) => count === 2, run: ([left, right]) => run(left, right) };
}

function several(run: (values: unknown[]) => unknown): Helper {
  return { takes: 'two values or more', accepts: (count) => count > 1, run };
}
