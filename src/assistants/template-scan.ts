import { type BlockHead, type Expression, ExpressionParser } from './infix.ts';
import { TemplateError } from './template-error.ts';

/** What one mustache says; `at` is the offset of its first brace. */
export type Tag =
  | { kind: 'value'; at: number; value: Expression }
  | { kind: 'block'; at: number; head: BlockHead }
  | { kind: 'raw'; at: number };

export interface Scan {
  /** The template as plain Handlebars: each mustache holds only `t` and the number of its tag. */
  skeleton: string;
  tags: Tag[];
}

interface OpenBlock {
  name: string;
  tag: string;
  at: number;
  branches: number;
  hasElse: boolean;
}

const MAX_DEPTH = 50;
const MAX_BRANCHES = 200;
const COMMENT = /\{\{(~?)!(?:(?=--)[\s\S]*?--|(?!--)[\s\S]*?)(~?)\}\}/y;
const PARTIAL_OR_DECORATOR = /#?[>*]/y;
const MISPLACED_SIGN = /\s+[#/^]/y;
const ELSE = /\s*else(?=[\s~}])\s*|\^\s*(?=~?\})/y;
const CLOSE = /(~?)\}\}/y;
const CLOSE_TRIPLE = /\}(~?)\}\}/y;
const RAW_OPEN = /\{\{\{\{\s*raw\s*\}\}\}\}/y;
const RAW_NEXT = /\{\{\{\{(?:(?=[^/])|\/([^\s!"#%-,./;->@[-^`{-~]+)\}\}\}\})/g;

/**
 * Finds the mustaches of a template, reads what they say and checks that its blocks match; throws TemplateError.
 * The skeleton keeps every character of the text, since Handlebars decides by it what white space around a tag goes.
 */
export function scanTemplate(source: string): Scan {
  return new Scanner(source).scan();
}

class Scanner {
  readonly #source: string;
  readonly #tags: Tag[] = [];
  readonly #open: OpenBlock[] = [];
  #branches = 0;
  #skeleton = '';
  #position = 0;

  constructor(source: string) {
    this.#source = source;
  }

  scan(): Scan {
    for (let at = this.#nextBraces(); at >= 0; at = this.#nextBraces()) {
      const text = this.#source.slice(this.#position, at);
      this.#skeleton += text;
      this.#position = at;
      // As in Handlebars, \{{ is text, and \\{{ is a backslash before a mustache.
      if (text.endsWith('\\') && !text.endsWith('\\\\')) this.#keepUntil(at + 2);
      else if (this.#source.startsWith('{{{{', at)) this.#raw(at);
      else this.#mustache(at);
    }
    this.#keepUntil(this.#source.length);
    const unclosed = this.#open.at(-1);
    if (unclosed) throw this.#error(`{{#${unclosed.name}}} is never closed with {{/${unclosed.name}}}.`, unclosed.at);
    return { skeleton: this.#skeleton, tags: this.#tags };
  }

  #mustache(at: number): void {
    const comment = this.#match(COMMENT);
    if (comment) {
      this.#skeleton += `{{${comment[1]}!${comment[2]}}}`;
      return;
    }
    this.#position += 2;
    const strip = this.#skip('~') ? '~' : '';
    const isTriple = this.#skip('{');
    const content = isTriple ? this.#value(at) : this.#content(at);
    const close = this.#match(isTriple ? CLOSE_TRIPLE : CLOSE);
    if (!close) throw this.#error(`This mustache is never closed with ${isTriple ? '}}}' : '}}'}.`, at);
    if (this.#source.charAt(this.#position) === '}') {
      throw this.#error('There is one brace too many: put a space before a } that belongs to the text.');
    }
    this.#skeleton += `{{${strip}${content}${close[1]}}}`;
  }

  #content(at: number): string {
    if (this.#skip('!')) throw this.#error('This comment is never closed.', at);
    if (this.#match(PARTIAL_OR_DECORATOR)) throw this.#error('A template has no partials and no decorators.', at);
    if (this.#match(MISPLACED_SIGN)) throw this.#error('There must be no space between {{ and #, / or ^.', at);
    if (this.#skip('#')) return this.#blockStart(at);
    if (this.#skip('/')) return this.#blockEnd(at);
    if (this.#match(ELSE)) return this.#else(at);
    if (this.#skip('^')) throw this.#error('A block cannot begin with ^: write {{#unless …}}.', at);
    this.#skip('&');
    return this.#value(at);
  }

  #value(at: number): string {
    return this.#add({ kind: 'value', at, value: this.#parse((parser) => parser.inline()) });
  }

  #blockStart(at: number): string {
    const head = this.#parse((parser) => parser.blockHead());
    const tag = this.#add({ kind: 'block', at, head });
    this.#open.push({ name: head.call.name.text, tag, at, branches: 0, hasElse: false });
    if (this.#open.length > MAX_DEPTH) throw this.#error(`Blocks may be nested at most ${MAX_DEPTH} deep.`, at);
    return `#${tag}`;
  }

  #else(at: number): string {
    const block = this.#open.at(-1);
    if (!block) throw this.#error('{{else}} stands outside of any block.', at);
    if (block.hasElse) throw this.#error(`{{#${block.name}}} already has its {{else}}.`, at);
    CLOSE.lastIndex = this.#position;
    block.hasElse = CLOSE.test(this.#source);
    if (block.hasElse) return 'else';
    block.branches += 1;
    this.#branches += 1;
    if (this.#branches > MAX_BRANCHES) throw this.#error(`There may be at most ${MAX_BRANCHES} branches.`, at);
    const head = this.#parse((parser) => parser.blockHead());
    return `else ${this.#add({ kind: 'block', at, head })}`;
  }

  #blockEnd(at: number): string {
    const name = this.#parse((parser) => parser.inline());
    const text = name.kind === 'path' ? name.text : '';
    const block = this.#open.pop();
    if (!block) throw this.#error(`{{/${text}}} closes nothing: no block is open here.`, at);
    if (block.name !== text) {
      const { line } = this.#error('', block.at);
      throw this.#error(`{{/${text}}} does not close {{#${block.name}}} of line ${line}.`, at);
    }
    this.#branches -= block.branches;
    return `/${block.tag}`;
  }

  #raw(at: number): void {
    if (!this.#match(RAW_OPEN)) throw this.#error('Four braces only begin {{{{raw}}}} … {{{{/raw}}}}.', at);
    const start = this.#position;
    let depth = 1;
    for (const match of this.#source.slice(start).matchAll(RAW_NEXT)) {
      depth += match[1] === undefined ? 1 : -1;
      if (depth > 0) continue;
      if (match[1] !== 'raw')
        throw this.#error(`{{{{/${match[1]}}}}} does not close {{{{raw}}}}.`, start + match.index);
      const tag = this.#add({ kind: 'raw', at });
      this.#skeleton += `{{{{${tag}}}}}${this.#source.slice(start, start + match.index)}{{{{/${tag}}}}}`;
      this.#position = start + match.index + match[0].length;
      return;
    }
    throw this.#error('{{{{raw}}}} is never closed with {{{{/raw}}}}.', at);
  }

  #parse<Result>(read: (parser: ExpressionParser) => Result): Result {
    const parser = new ExpressionParser(this.#source, this.#position);
    const result = read(parser);
    this.#position = parser.end;
    return result;
  }

  #add(tag: Tag): string {
    return `t${this.#tags.push(tag) - 1}`;
  }

  #nextBraces(): number {
    return this.#source.indexOf('{{', this.#position);
  }

  #keepUntil(end: number): void {
    this.#skeleton += this.#source.slice(this.#position, end);
    this.#position = end;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.#source);
    if (match) this.#position = pattern.lastIndex;
    return match;
  }

  #skip(text: string): boolean {
    const found = this.#source.startsWith(text, this.#position);
    if (found) this.#position += text.length;
    return found;
  }

  #error(message: string, at = this.#position): TemplateError {
    return new TemplateError(message, this.#source, at);
  }
}
