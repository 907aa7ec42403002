import { type Expression, SINGLE_EQUALS } from './infix.ts';
import { TemplateError } from './template-error.ts';
import { BLOCK_HELPERS, compileExpression, type Evaluate } from './template-expression.ts';
import type { Scan, Tag } from './template-scan.ts';
import type { Place, Scope } from './template-scope.ts';
import { isTruthy, toText } from './template-values.ts';

/** Writes a part of the template to the output of the scope's run. */
export type Write = (scope: Scope) => void;

/** The statements of a skeleton; Handlebars.parse yields no others from it. */
type Statement =
  | hbs.AST.ContentStatement
  | hbs.AST.CommentStatement
  | hbs.AST.MustacheStatement
  | hbs.AST.BlockStatement;

type BlockTag = Extract<Tag, { kind: 'block' }>;

interface Branches {
  body: hbs.AST.Program | undefined;
  otherwise: Write;
}

const MAX_BLOCK_PARAMS = new Map([
  ['each', 2],
  ['with', 1],
]);

/** Compiles the parsed skeleton of a template together with the tags its names stand for; throws TemplateError. */
export class BlockCompiler {
  readonly #tags: Tag[];

  constructor({ tags }: Scan) {
    this.#tags = tags;
  }

  /** A function that writes a program; `at` is where its text is to be blamed when it is too long. */
  program(program: hbs.AST.Program | undefined, place: Place, at: number): Write {
    const statements = (program?.body ?? []) as Statement[];
    const writes = statements.flatMap((statement) => this.#statement(statement, place, at) ?? []);
    return (scope) => {
      for (const write of writes) write(scope);
    };
  }

  #statement(statement: Statement, place: Place, at: number): Write | undefined {
    if (statement.type === 'ContentStatement') {
      const { value } = statement;
      return value === '' ? undefined : ({ run }) => run.write(value, at);
    }
    if (statement.type === 'CommentStatement') return undefined;
    const tag = this.#tagOf(statement);
    if (tag.kind === 'value') {
      const value = compileExpression(tag.value, place);
      return (scope) => scope.run.write(toText(value(scope)), tag.at);
    }
    const { program, inverse } = statement as hbs.AST.BlockStatement;
    if (tag.kind === 'raw') return this.program(program, place, tag.at);
    return this.#block(tag, place, { body: program, otherwise: this.program(inverse, place, tag.at) });
  }

  #block(tag: BlockTag, place: Place, branches: Branches): Write {
    const value = compileExpression(onlyParameter(tag, place), place);
    const inner = { ...place, outer: place, blockParams: tag.head.blockParams };
    const { text } = tag.head.call.name;
    if (text === 'each') return this.#each(tag, value, { ...inner, loops: place.loops + 1 }, branches);
    if (text === 'with') return this.#with(tag, value, inner, branches);
    return this.#if(tag, value, place, branches);
  }

  #if(tag: BlockTag, value: Evaluate, place: Place, { body, otherwise }: Branches): Write {
    const [option] = tag.head.call.options;
    const includesZero = option ? compileExpression(option.value, place) : () => false;
    const expected = tag.head.call.name.text === 'if';
    const then = this.program(body, place, tag.at);
    return (scope) => {
      scope.run.step(tag.at);
      const condition = value(scope);
      const holds = isTruthy(condition) || (condition === 0 && isTruthy(includesZero(scope)));
      if (holds === expected) then(scope);
      else otherwise(scope);
    };
  }

  #with(tag: BlockTag, value: Evaluate, place: Place, { body, otherwise }: Branches): Write {
    const then = this.program(body, place, tag.at);
    return (scope) => {
      scope.run.step(tag.at);
      const inner = value(scope);
      if (isTruthy(inner) || inner === 0) then({ ...scope, value: inner, outer: scope });
      else otherwise(scope);
    };
  }

  #each(tag: BlockTag, value: Evaluate, place: Place, { body, otherwise }: Branches): Write {
    const then = this.program(body, place, tag.at);
    return (scope) => {
      scope.run.step(tag.at);
      const items = entriesOf(value(scope));
      if (items.length === 0) otherwise(scope);
      items.forEach(([key, item], index) => {
        scope.run.step(tag.at);
        const loop = { key, index, first: index === 0, last: index === items.length - 1, outer: scope.loop };
        then({ ...scope, value: item, outer: scope, loop });
      });
    };
  }

  #tagOf({ path }: hbs.AST.MustacheStatement | hbs.AST.BlockStatement): Tag {
    const tag = this.#tags[Number(String((path as hbs.AST.PathExpression).original).slice(1))];
    if (!tag)
      throw new Error('Handlebars found a mustache in the skeleton of a template that the scanner did not put there');
    return tag;
  }
}

function entriesOf(value: unknown): (readonly [key: string | number, item: unknown])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Array.isArray(value) ? value.map((item, index) => [index, item] as const) : Object.entries(value);
}

/** The value a block works on; throws TemplateError unless the block is one we know, with one value. */
function onlyParameter({ at, head }: BlockTag, place: Place): Expression {
  const { name, parameters, options } = head.call;
  const isCondition = name.text === 'if' || name.text === 'unless';
  const wrongOption = options.find((option) => !isCondition || option.name !== 'includeZero');
  if (wrongOption) throw new TemplateError(SINGLE_EQUALS, place.source, wrongOption.at);
  const [parameter] = parameters;
  const fault = headFault(name.text, parameters.length, head.blockParams.length);
  if (fault || !parameter) throw new TemplateError(fault ?? '', place.source, at);
  return parameter;
}

function headFault(name: string, parameters: number, blockParams: number): string | undefined {
  if (!BLOCK_HELPERS.has(name)) return `There is no block ${name}: known are if, unless, each and with.`;
  const isCondition = name === 'if' || name === 'unless';
  if (parameters === 0) return `{{#${name}}} needs a ${isCondition ? 'condition' : 'value'}.`;
  if (parameters > 1)
    return `{{#${name}}} takes one ${isCondition ? 'condition: compare with ==, join with && or ||' : 'value'}.`;
  if (blockParams > (MAX_BLOCK_PARAMS.get(name) ?? 0)) return `{{#${name}}} does not give that many block parameters.`;
  return undefined;
}
