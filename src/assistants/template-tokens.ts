import { TemplateError } from './template-error.ts';

/** A name that leads to a value, as Handlebars reads it: `a.b`, `a.[b c]`, `../a`, `this.a`, `@index`. */
export interface Path {
  kind: 'path';
  at: number;
  text: string;
  /** Begins with `@`. */
  data: boolean;
  /** How often `..` goes up. */
  depth: number;
  /** Begins with `this` or dots, so that it names neither a helper nor a block parameter. */
  scoped: boolean;
  parts: string[];
}

export interface Literal {
  kind: 'literal';
  at: number;
  value: string | number | boolean | null | undefined;
}

export type Token = (
  | Path
  | Literal
  | { kind: 'symbol'; at: number; text: string }
  | { kind: 'blockParams'; at: number; names: string[] }
  | { kind: 'end'; at: number }
) & { end: number };

type Bare<T> = T extends unknown ? Omit<T, 'end'> : never;

const ID = '[^\\s!"#%-,./;->@[-^`{-~]+';
const SPACE = /\s*/y;
const CLOSE = /~?\}\}|\}~?\}\}/y;
const STRING = /"((?:\\"|[^"])*)"|'((?:\\'|[^'])*)'/y;
const NUMBER = /-?[0-9]+(?:\.[0-9]+)?(?=[~}\s)=!<>&|])/y;
const SYMBOL = /&&|\|\||[=!]==|[=!<>]=|[=!<>()]/y;
const BLOCK_PARAMS = new RegExp(`as\\s+\\|\\s*(${ID}(?:\\s+${ID})*)\\s*\\|`, 'y');
const BLOCK_PARAMS_START = /as\s+\|(?!\|)/y;
const SEGMENT = new RegExp(`(\\.\\.?)|\\[((?:\\\\\\]|[^\\]])*)\\]|(${ID})`, 'y');
const AFTER_VALUE = /[\s~}()=!<>&|]/;
const CONSTANTS = new Map<string, Literal['value']>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['undefined', undefined],
]);

/** Reads the tokens inside one mustache, one at a time; the end is the closing braces or the end of the template. */
export class Tokenizer {
  readonly source: string;
  #position: number;

  constructor(source: string, position: number) {
    this.source = source;
    this.#position = position;
  }

  next(): Token {
    this.#match(SPACE);
    const at = this.#position;
    const token = this.#read(at);
    return { ...token, end: this.#position } as Token;
  }

  #read(at: number): Bare<Token> {
    if (at >= this.source.length || this.#looksAt(CLOSE)) return { kind: 'end', at };
    if (this.#looksAt(BLOCK_PARAMS_START)) return this.#blockParams(at);
    const first = this.source.charAt(at);
    if (first === '"' || first === "'") return this.#string(at);
    const number = this.#match(NUMBER);
    if (number) return { kind: 'literal', at, value: Number(number[0]) };
    const symbol = this.#match(SYMBOL)?.[0];
    if (symbol?.length === 3) throw this.#error(`There is no ${symbol}: write ${symbol.slice(0, 2)}.`, at);
    if (symbol) return { kind: 'symbol', at, text: symbol };
    return this.#pathOrConstant(at);
  }

  #string(at: number): Bare<Token> {
    const match = this.#match(STRING);
    if (!match) throw this.#error('This text is never closed with a quotation mark.', at);
    const value = match[1]?.replaceAll('\\"', '"') ?? match[2]?.replaceAll("\\'", "'") ?? '';
    this.#expectEndOfValue();
    return { kind: 'literal', at, value };
  }

  #blockParams(at: number): Bare<Token> {
    const match = this.#match(BLOCK_PARAMS);
    if (!match) throw this.#error('Block parameters are written as |item| or as |item key|.', at);
    return { kind: 'blockParams', at, names: (match[1] ?? '').split(/\s+/) };
  }

  #pathOrConstant(at: number): Bare<Token> {
    const path = this.#path(at);
    this.#expectEndOfValue();
    return CONSTANTS.has(path.text) ? { kind: 'literal', at, value: CONSTANTS.get(path.text) } : path;
  }

  #path(at: number): Path {
    const path: Path = { kind: 'path', at, text: '', data: false, depth: 0, scoped: false, parts: [] };
    if (this.source.charAt(at) === '@') {
      path.data = true;
      this.#position += 1;
    }
    this.#segment(path);
    while (/[./]/.test(this.source.charAt(this.#position))) {
      this.#position += 1;
      this.#segment(path);
    }
    path.text = this.source.slice(at, this.#position);
    return path;
  }

  #segment(path: Path): void {
    const at = this.#position;
    const match = this.#match(SEGMENT);
    if (!match || /^[“”„‘’«»]/.test(match[0])) throw this.#unexpected(at);
    const [text, dots, bracketed, name = ''] = match;
    if (bracketed !== undefined) {
      path.parts.push(bracketed.replaceAll(/\\([\\\]])/g, '$1'));
    } else if (!dots && name !== 'this') {
      path.parts.push(name);
    } else if (path.parts.length > 0) {
      throw this.#error(`${text} may stand only at the beginning of a name.`, at);
    } else {
      path.scoped = true;
      path.depth += text === '..' ? 1 : 0;
    }
  }

  #expectEndOfValue(): void {
    const following = this.source.charAt(this.#position);
    if (following && !AFTER_VALUE.test(following)) throw this.#unexpected(this.#position);
  }

  #unexpected(at: number): TemplateError {
    const found = String.fromCodePoint(this.source.codePointAt(at) ?? 32);
    if (this.source.startsWith('{{', at)) return this.#error('A mustache begins inside another: close it with }}.', at);
    if (/[“”„‘’«»]/.test(found)) return this.#error(`Use straight quotation marks, " or ', instead of ${found}.`, at);
    if (found === '}' && this.source.charAt(at + 1) !== '}')
      return this.#error('A mustache is closed with two braces: }}.', at);
    if (found === '&' || found === '|')
      return this.#error(`A single ${found} means nothing: write ${found}${found}.`, at);
    if (/[.\s}]/.test(found)) return this.#error('A name is missing here.', at);
    if (/[+*/%-]/.test(found)) return this.#error(`A template does not calculate: ${found} means nothing here.`, at);
    return this.#error(`The character ${found} means nothing here.`, at);
  }

  #error(message: string, at: number): TemplateError {
    return new TemplateError(message, this.source, at);
  }

  #looksAt(pattern: RegExp): boolean {
    pattern.lastIndex = this.#position;
    return pattern.test(this.source);
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.source);
    if (match) this.#position = pattern.lastIndex;
    return match;
  }
}
