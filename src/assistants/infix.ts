import { TemplateError } from './template-error.ts';
import { type Literal, type Path, type Token, Tokenizer } from './template-tokens.ts';

/** A helper and what it is given; an infix operator is a call of the helper of its name. */
export interface Call {
  kind: 'call';
  at: number;
  name: Path;
  parameters: Expression[];
  options: Option[];
}

/** `name=value` behind the parameters of a helper. */
export interface Option {
  at: number;
  name: string;
  value: Expression;
}

export type Expression = Path | Literal | Call;

export interface BlockHead {
  call: Call;
  blockParams: string[];
}

const EQUALITY = new Map([
  ['==', 'eq'],
  ['!=', 'ne'],
]);
const ORDER = new Map([
  ['<', 'lt'],
  ['<=', 'lte'],
  ['>', 'gt'],
  ['>=', 'gte'],
]);

const MAX_NESTING = 50;
/** What is said of `=` wherever a comparison is meant. */
export const SINGLE_EQUALS = 'A single = does not compare: write ==.';

/** Reads what stands in one mustache, from a position inside its braces to its end; throws TemplateError. */
export class ExpressionParser {
  readonly #tokens: Tokenizer;
  #token: Token;
  #previousEnd: number;
  #nesting = 0;

  constructor(source: string, position: number) {
    this.#tokens = new Tokenizer(source, position);
    this.#previousEnd = position;
    this.#token = this.#tokens.next();
  }

  /** Where the closing braces begin, once the content is read. */
  get end(): number {
    return this.#token.at;
  }

  /** The content of `{{ … }}`: a value, or a helper and its parameters. */
  inline(): Expression {
    const content = this.#valueOrCall();
    this.#expectEnd();
    return content;
  }

  /** The content of `{{# … }}`: a helper, its parameters and names for what the block is given. */
  blockHead(): BlockHead {
    const name = this.#token;
    if (name.kind !== 'path') throw this.#error('The name of a block is missing, as in {{#if …}}.');
    this.#advance();
    const call = this.#call(name);
    const blockParams = this.#token.kind === 'blockParams' ? this.#token.names : [];
    if (blockParams.length > 0) this.#advance();
    this.#expectEnd();
    return { call, blockParams };
  }

  #valueOrCall(): Expression {
    const first = this.#expression();
    if (!this.#atOperand()) return first;
    if (first.kind !== 'path') throw this.#error('An operator such as == is missing before this.');
    this.#refuseFunctionCall(first);
    return this.#call(first);
  }

  #refuseFunctionCall(name: Path): void {
    if (!this.#isSymbol('(') || this.#token.at !== this.#previousEnd) return;
    if (name.parts.length < 2 && this.#tokens.source.charAt(this.#token.end) !== ')') return;
    throw this.#error(`A template cannot call functions or tools, such as ${name.text}(…).`, name.at);
  }

  #call(name: Path): Call {
    const call: Call = { kind: 'call', at: name.at, name, parameters: [], options: [] };
    while (this.#atOperand()) {
      const parameter = this.#expression();
      const { at } = this.#token;
      if (!this.#skip('=')) call.parameters.push(parameter);
      else call.options.push({ at, name: this.#optionName(parameter, at), value: this.#expression() });
    }
    return call;
  }

  #optionName(expression: Expression, at: number): string {
    if (expression.kind === 'path' && expression.text === expression.parts[0]) return expression.text;
    throw this.#error(SINGLE_EQUALS, at);
  }

  #expression(): Expression {
    return this.#joined('||', 'or', () => this.#joined('&&', 'and', () => this.#equality()));
  }

  /** `a && b && c` becomes one call: a tree as deep as the chain is long could overflow the stack. */
  #joined(operator: string, helper: string, operand: () => Expression): Expression {
    const { at } = this.#token;
    const operands = [operand()];
    while (this.#skip(operator)) operands.push(operand());
    const [only] = operands;
    return only && operands.length === 1 ? only : callOf(helper, at, operands);
  }

  #equality(): Expression {
    return this.#compared(EQUALITY, () => this.#compared(ORDER, () => this.#unary()));
  }

  /** Comparisons of equal strength group from the left, as in `a < b == c < d`. */
  #compared(helpers: ReadonlyMap<string, string>, operand: () => Expression): Expression {
    let left = operand();
    const outerNesting = this.#nesting;
    for (let helper = this.#helperOf(helpers); helper; helper = this.#helperOf(helpers)) {
      const { at } = this.#token;
      this.#nest();
      this.#advance();
      left = callOf(helper, at, [left, operand()]);
    }
    this.#nesting = outerNesting;
    return left;
  }

  #helperOf(helpers: ReadonlyMap<string, string>): string | undefined {
    return this.#token.kind === 'symbol' ? helpers.get(this.#token.text) : undefined;
  }

  #unary(): Expression {
    const { at } = this.#token;
    if (!this.#isSymbol('!')) return this.#primary();
    this.#nest();
    this.#advance();
    const operand = this.#unary();
    this.#nesting -= 1;
    return callOf('not', at, [operand]);
  }

  #primary(): Expression {
    const token = this.#token;
    if (token.kind === 'path' || token.kind === 'literal') {
      this.#advance();
      return token;
    }
    if (!this.#isSymbol('(')) throw this.#valueMissing();
    this.#nest();
    this.#advance();
    const content = this.#valueOrCall();
    if (!this.#skip(')')) throw this.#error('This ( is never closed with ).', token.at);
    this.#nesting -= 1;
    return content;
  }

  #nest(): void {
    this.#nesting += 1;
    if (this.#nesting > MAX_NESTING) throw this.#error(`An expression may be nested at most ${MAX_NESTING} deep.`);
  }

  /** Whether another value begins here, so that what came before it is the name of a helper or a parameter. */
  #atOperand(): boolean {
    const { kind } = this.#token;
    return kind === 'path' || kind === 'literal' || this.#isSymbol('(') || this.#isSymbol('!');
  }

  #isSymbol(text: string): boolean {
    return this.#token.kind === 'symbol' && this.#token.text === text;
  }

  #skip(text: string): boolean {
    const found = this.#isSymbol(text);
    if (found) this.#advance();
    return found;
  }

  #advance(): void {
    this.#previousEnd = this.#token.end;
    this.#token = this.#tokens.next();
  }

  #expectEnd(): void {
    const token = this.#token;
    if (token.kind === 'end') return;
    if (token.kind === 'blockParams') throw this.#error('Only a block takes block parameters, behind its value.');
    if (this.#isSymbol(')')) throw this.#error('This ) closes nothing.');
    if (this.#isSymbol('=')) throw this.#error(SINGLE_EQUALS);
    throw this.#valueMissing();
  }

  #valueMissing(): TemplateError {
    if (this.#isSymbol('=')) return this.#error(SINGLE_EQUALS);
    return this.#error('A value is missing here.');
  }

  #error(message: string, at = this.#token.at): TemplateError {
    return new TemplateError(message, this.#tokens.source, at);
  }
}

function callOf(helper: string, at: number, parameters: Expression[]): Call {
  const name: Path = { kind: 'path', at, text: helper, data: false, depth: 0, scoped: false, parts: [helper] };
  return { kind: 'call', at, name, parameters, options: [] };
}
