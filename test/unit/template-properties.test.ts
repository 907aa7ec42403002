import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileTemplate, nestMemory, TemplateError } from '../../src/assistants/template.ts';
import { templateData } from '../support/template-data.ts';

const BOUNDS = { seed: 20250102, numRuns: 2000 };

type Tree =
  | { value: string | number | boolean | null | undefined; text: string }
  | { operator: string; operands: Tree[] };

const STRENGTH: Record<string, number> = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '<': 4,
  '<=': 4,
  '>': 4,
  '>=': 4,
  '!': 5,
};

const MEMORY = { word: 'pro', number: 2, spelled: '2', zero: 0, none: null, yes: true, empty: '' };

const leaf: fc.Arbitrary<Tree> = fc.oneof(
  fc.constantFrom(...Object.entries(MEMORY)).map(([key, value]) => ({ value, text: `memory.${key}` })),
  fc.constantFrom(-1, 0, 1, 2, 2.5, 10).map((value) => ({ value, text: String(value) })),
  fc.constantFrom(true, false, null).map((value) => ({ value, text: String(value) })),
  fc.constantFrom('', '2', '10', 'pro', 'a == b', '}}', '&& (', "it's", '{{now}}').map((value) => ({
    value,
    text: value.includes("'") ? `"${value}"` : `'${value}'`,
  })),
  fc.constant({ value: undefined, text: 'memory.unknown.deeper' }),
);

/** Mostly `&&` and `||`, since what a comparison of comparisons is worth hardly ever depends on how it is grouped. */
const operator = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('&&', '||') },
  { weight: 2, arbitrary: fc.constantFrom('==', '!=') },
  { weight: 1, arbitrary: fc.constantFrom('<', '<=', '>', '>=') },
);

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, depthSize: 'medium', withCrossShrink: true },
    { weight: 2, arbitrary: leaf },
    { weight: 1, arbitrary: fc.record({ operator: fc.constant('!'), operands: fc.tuple(tie('tree')) }) },
    { weight: 5, arbitrary: fc.record({ operator, operands: fc.tuple(tie('tree'), tie('tree')) }) },
  ),
}));

/** What an expression is worth, said as plainly as possible and apart from the code under test. */
function evaluate(node: Tree): unknown {
  if (!('operator' in node)) return node.value;
  const [left, right] = node.operands.map(evaluate);
  if (node.operator === '!') return !left;
  if (node.operator === '&&') return Boolean(left) && Boolean(right);
  if (node.operator === '||') return Boolean(left) || Boolean(right);
  const [a, b] = typeof left === typeof right ? [left, right] : [asNumber(left, right), asNumber(right, left)];
  if (node.operator === '==') return a === b || (a == null && b == null);
  if (node.operator === '!=') return a !== b && !(a == null && b == null);
  if (typeof a !== typeof b || !['number', 'string'].includes(typeof a)) return false;
  const [x, y] = [a as string, b as string];
  return { '<': x < y, '<=': x <= y, '>': x > y, '>=': x >= y }[node.operator];
}

function asNumber(value: unknown, other: unknown): unknown {
  const spellsNumber = typeof value === 'string' && typeof other === 'number' && /^-?\d+(\.\d+)?$/.test(value);
  return spellsNumber ? Number(value) : value;
}

/** Prints a tree with the parentheses it needs, plus some that it does not, and any white space. */
function print(node: Tree, needed: number, next: () => number): string {
  const space = () => ['', ' ', '\n  '][next() % 3];
  if (!('operator' in node)) return next() % 8 === 0 ? `(${space()}${node.text})` : node.text;
  const own = STRENGTH[node.operator] ?? 0;
  const [left, right] = node.operands as [Tree, Tree];
  const text =
    node.operator === '!'
      ? `!${space()}${print(left, own, next)}`
      : `${print(left, own, next)}${space()}${node.operator}${space()}${print(right, own + 1, next)}`;
  return own < needed || next() % 4 === 0 ? `(${space()}${text}${space()})` : text;
}

function cycle(numbers: number[]): () => number {
  let index = 0;
  return () => numbers[index++ % numbers.length] ?? 0;
}

const choices = fc.array(fc.nat(23), { minLength: 1, maxLength: 40 });

describe('any expression', () => {
  it('is worth in a condition, in a mustache and as a parameter what its tree is worth', () => {
    const data = templateData({}, MEMORY);
    const property = fc.property(tree, choices, (node, numbers) => {
      const printed = print(node, 0, cycle(numbers));
      const worth = Boolean(evaluate(node));
      const source = `{{#if ${printed}}}true{{else}}false{{/if}} {{(true && (${printed}))}} {{not ${printed}}}`;
      expect(compileTemplate(source).render(data), source).toBe(`${worth} ${worth} ${!worth}`);
    });
    fc.assert(property, BOUNDS);
  });
});

const fragments = fc.constantFrom(
  ...[
    '{{',
    '}}',
    '{{{',
    '}}}',
    '{{{{raw}}}}',
    '{{{{/raw}}}}',
    '{{#if ',
    '{{/if}}',
    '{{#each ',
    '{{/each}}',
    '{{else}}',
  ],
  ...[
    '{{else if ',
    '{{!',
    '{{!--',
    '--}}',
    '~',
    '\\',
    '\n',
    ' ',
    '"',
    "'",
    '(',
    ')',
    '==',
    '!',
    '&&',
    '=',
    '|',
    ' as |x|',
  ],
  ...[
    'identity',
    'memory.list',
    '.',
    '..',
    '/',
    '@index',
    '[',
    ']',
    'this',
    '1',
    'eq ',
    'true',
    '{{now}}',
    '\0',
    '’',
    '😀',
  ],
);
const soup = fc.array(fragments, { maxLength: 25 }).map((parts) => parts.join(''));
const anyText = fc.oneof(
  { weight: 3, arbitrary: soup },
  fc.string({ unit: 'binary' }),
  soup.map((text) => `{{${text}}}`),
);

function compileError(source: string): TemplateError | undefined {
  try {
    compileTemplate(source).render(templateData({}, { list: [1, 2] }));
    return undefined;
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
}

describe('any text', () => {
  it('is a template, or is refused at a place within it', () => {
    const property = fc.property(anyText, (source) => {
      const error = compileError(source);
      if (!error) return;
      const line = source.split(/\r\n|\r|\n/)[error.line - 1];
      expect(line).toBeDefined();
      expect(error.column).toBeGreaterThan(0);
      expect(error.column).toBeLessThanOrEqual((line?.length ?? 0) + 1);
    });
    fc.assert(property, { ...BOUNDS, numRuns: 5000 });
  });

  it('has its mistake as many lines further down as lines are put before it', () => {
    const lines = fc.array(fc.constantFrom('text\n', '\r\n', '{{now}} é 😀\n', '{{#if now}}{{/if}}\n', '\\{{a}}\n'), {
      maxLength: 6,
    });
    const property = fc.property(soup, lines, (source, before) => {
      const alone = compileError(source);
      const moved = compileError(before.join('') + source);
      expect(moved?.column).toBe(alone?.column);
      expect(moved?.line).toBe(alone && alone.line + before.length);
    });
    fc.assert(property, { ...BOUNDS, numRuns: 3000 });
  });

  it('comes out as it is when it is a value', () => {
    const text = fc.oneof(soup, fc.string({ unit: 'binary' }));
    const template = compileTemplate(
      '{{identity.name}}{{#if identity.name}}|{{memory.a.b}}|{{#each memory.list}}{{this}}{{/each}}{{/if}}',
    );
    const property = fc.property(text, text, (name, value) => {
      const output = template.render(templateData({ name }, { 'a.b': value, list: [value, value] }));
      expect(output).toBe(name === '' ? '' : `${name}|${value}|${value}${value}`);
    });
    fc.assert(property, BOUNDS);
  });
});

describe('any memory', () => {
  it('is found under its dotted key unless a longer key took its place', () => {
    const key = fc.array(fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor'), { minLength: 1, maxLength: 4 });
    const entries = fc.uniqueArray(fc.record({ parts: key, value: fc.nat() }), {
      selector: ({ parts }) => parts.join('.'),
    });
    const property = fc.property(entries, (list) => {
      const nested = nestMemory(list.map(({ parts, value }) => ({ key: parts.join('.'), value })));
      for (const { parts, value } of list) {
        const isPrefix = list.some((other) => other.parts.join('.').startsWith(`${parts.join('.')}.`));
        const found = parts.reduce<unknown>((current, part) => (current as Record<string, unknown>)[part], nested);
        if (isPrefix) expect(found).toBeTypeOf('object');
        else expect(found).toBe(value);
      }
    });
    fc.assert(property, BOUNDS);
  });
});
