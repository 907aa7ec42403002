import fc from 'fast-check';
import Handlebars from 'handlebars';
import { expect, it } from 'vitest';
import { compileTemplate } from '../../src/assistants/template.ts';
import { templateData } from '../support/template-data.ts';

const BOUNDS = { seed: 20250102, numRuns: 2000 };

const handlebars = Handlebars.create();
handlebars.registerHelper({
  raw: (options) => options.fn(),
  eq: (left, right) => left === right,
  not: (value) => !value,
});

const DATA = templateData(
  {
    metadata: {
      list: ['x', 'y', 'z'],
      plan: { name: 'pro', level: 3 },
      zero: 0,
      none: null,
      nested: [{ a: [1, 2] }, { a: [] }],
    },
  },
  { 'a.b': 'deep', word: 'w' },
);

const text = fc
  .array(fc.constantFrom('a', ' ', '  ', '\n', '\r\n', '\t', '.', '}', '\\', 'é', '😀'), { maxLength: 5 })
  .map((parts) => parts.join(''))
  // A brace or a backslash next to a mustache means something else.
  .map((value) => value.replace(/^\}+|\\+$/g, ''));

const strip = fc.constantFrom('', '', '', '~');
const value = fc.constantFrom(
  ...[
    '@root.identity.name',
    '@root.identity.metadata.zero',
    '@root.memory.a.b',
    '@root.identity.unknown.deeper',
    '@root.now',
  ],
  ...[
    '(eq @root.memory.word "w")',
    '(not @root.identity.phone)',
    '"==}}"',
    '3',
    'true',
    'null',
    '@root.identity.metadata.list',
  ],
  ...['@root.identity.metadata.plan', '@root.identity.metadata.nested', '@root.identity.metadata.[plan].level'],
);
const texts = fc.constantFrom('@root.identity.name', '@root.memory.a.b', '@root.identity.phone');
const numbers = fc.constantFrom('@root.identity.metadata.zero', '@root.identity.metadata.plan.level');
const items = fc.constantFrom(
  '@index',
  '@key',
  '@first',
  '@last',
  'name',
  'this.level',
  '@root.identity.metadata.zero',
);

type Kind = 'top' | 'each';

const { program } = fc.letrec<{ program: string; loop: string }>((tie) => {
  const body = (kind: Kind) => tie(kind === 'each' ? 'loop' : 'program');
  const mustache = (others: fc.Arbitrary<string>) =>
    fc.oneof(
      fc.tuple(strip, fc.oneof(texts, others), strip).map(([open, name, close]) => `{{${open}${name}${close}}}`),
      fc.tuple(strip, texts, strip).map(([open, name, close]) => `{{${open}{${name}}${close}}}`),
      texts.map((name) => `{{& ${name} }}`),
    );
  const comment = fc.constantFrom('{{! a comment == }}', '{{!-- {{a}} --}}', '{{~!-- a --~}}', '{{!~}}', '{{!--}}');
  const escaped = fc.constantFrom('\\{{a}}', '\\{{#if}}', '\\\\{{@root.now}}', '{{{{raw}}}} {{a}}\n{{{{/raw}}}}');
  const block = (kind: Kind) =>
    fc
      .tuple(fc.constantFrom('if', 'unless', 'each', 'with'), value, fc.array(strip, { minLength: 8, maxLength: 8 }))
      .chain(([name, parameter, [a, b, c, d, e, f, g, h]]) =>
        fc
          .tuple(body(name === 'each' ? 'each' : kind), value, body(kind), body(kind), fc.nat(3))
          .map(([first, other, second, third, shape]) => {
            const chain = shape > 1 ? `{{${c}else if ${other}${d}}}${second}` : '';
            const otherwise = shape % 2 ? `{{${e}else${f}}}${third}` : '';
            return `{{${a}#${name} ${parameter}${b}}}${first}${chain}${otherwise}{{${g}/${name}${h}}}`;
          }),
      );
  const programOf = (kind: Kind, others: fc.Arbitrary<string>) =>
    fc
      .array(fc.oneof({ maxDepth: 4 }, text, mustache(others), comment, escaped, block(kind)), { maxLength: 5 })
      .map((parts) => parts.join(''));
  return { program: programOf('top', numbers), loop: programOf('each', items) };
});

it('renders a template without infix operators as Handlebars does', () => {
  const property = fc.property(program, (source) => {
    // Escaping stays on, on data without special characters: without it Handlebars adds numbers that stand side by side.
    const reference = handlebars.compile(source);
    expect(compileTemplate(source).render(DATA), source).toBe(reference(DATA));
  });
  fc.assert(property, BOUNDS);
});
