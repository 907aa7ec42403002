import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileTemplate, TemplateError } from '../../src/assistants/template.ts';
import { templateData } from '../support/template-data.ts';

const BOUNDS = { seed: 20261121, numRuns: 3000 };
const MAX_OUTPUT = 262_144;

/** What an object has without anybody having given it. */
const INHERITED = [
  ...['constructor', '__proto__', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'toJSON'],
  ...['__defineGetter__', '__lookupGetter__', 'isPrototypeOf', 'apply', 'call', 'map', 'concat', 'caller'],
];
const WAYS = [
  'identity',
  'memory',
  'memory.list',
  'memory.text',
  'memory.object',
  'channel',
  'workspace',
  'now',
  '@root',
];

const name = fc.constantFrom(...INHERITED);
const path = fc.tuple(fc.constantFrom(...WAYS), fc.array(name, { minLength: 1, maxLength: 4 }));

/** Every way a template has to get from a value to one of its members. */
const reaching = fc.oneof(
  path.map(([way, names]) => `{{${way}.${names.join('.')}}}`),
  path.map(([way, names]) => `{{${way}.${names.map((one) => `[${one}]`).join('.')}}}`),
  path.map(([way, names]) => `{{${names.reduce((inner, one) => `lookup (${inner}) "${one}"`, way)}}}`),
  path.map(([way, names]) => `{{#with ${way}}}{{${names.join('.')}}}{{this.${names[0]}}}{{/with}}`),
  path.map(
    ([way, names]) =>
      `{{#each ${way}}}{{${names.join('.')}}}{{lookup this @key}}{{lookup ../this "${names[0]}"}}{{/each}}`,
  ),
  path.map(([way, names]) => `{{#each ${way}.${names[0]} as |value key|}}{{key}}{{value}}{{/each}}`),
  path.map(([way, names]) => `{{#if ${way}.${names.join('.')}}}FOUND{{/if}}`),
  name.map((one) => `{{#with (lookup @root "${one}")}}FOUND{{/with}}`),
);

class Person {
  readonly secret = 'own';
  get inherited(): string {
    return 'FOUND';
  }
}

describe('what nobody has given', () => {
  it('is reached by no path, lookup or block', () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    const data = templateData({}, { list: ['a'], text: 'b', object: { c: 1 } });
    const property = fc.property(reaching, (source) => {
      expect(rendered(source, data)).not.toMatch(/FOUND|function|native|\[object/);
    });
    fc.assert(property, BOUNDS);
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
  });

  it('is not found in an object of a class, or behind another object', () => {
    const object = Object.create({ inherited: 'FOUND' }) as object;
    const data = templateData({ metadata: { person: new Person(), object } });
    const source =
      '{{#with identity.metadata}}{{person.inherited}}{{object.inherited}}{{lookup object "inherited"}}{{/with}}';
    expect(rendered(source, data)).toBe('');
    expect(rendered('{{#each identity.metadata.object}}FOUND{{/each}}', data)).toBe('');
  });
});

/** Blocks in blocks, each with something long or something large in it. */
const { growing } = fc.letrec<{ growing: string }>((tie) => ({
  growing: fc.oneof(
    { maxDepth: 6 },
    fc.constantFrom(
      '{{memory}}',
      '{{@root.memory}}',
      '{{@index}}',
      '{{this}}',
      'x'.repeat(3000),
      '{{lookup @root.memory "long"}}',
    ),
    fc.tuple(tie('growing'), tie('growing')).map((parts) => parts.join('')),
    fc
      .tuple(fc.constantFrom('@root.memory.many', '@root.memory', '@root', 'this', '..'), tie('growing'))
      .map(([over, inner]) => `{{#each ${over}}}${inner}{{/each}}`),
    fc.tuple(fc.constantFrom('memory', '@root', '..', '@root.memory.many'), tie('growing')).map(([over, inner]) => {
      return `{{#with @root}}{{#with ${over === '..' ? '../..' : over}}}${inner}{{/with}}{{/with}}`;
    }),
  ),
}));

describe('a template that multiplies', () => {
  it('ends, and writes no more than it may', () => {
    const many = Array.from({ length: 200 }, (_, index) => ({ index, text: 'y'.repeat(50) }));
    const data = templateData({}, { many, long: 'z'.repeat(16_000) });
    let stopped = 0;
    const property = fc.property(growing, (source) => {
      const output = rendered(`{{#each memory.many}}${source}{{/each}}`, data);
      if (output === STOPPED) stopped += 1;
      expect(output.length).toBeLessThanOrEqual(MAX_OUTPUT);
    });
    fc.assert(property, { ...BOUNDS, numRuns: 500 });
    expect(stopped).toBeGreaterThan(100);
  });

  it.each([
    ['a text without an end', `{{"${'x'.repeat(60_000)}`],
    ['a comment without an end', `{{!-- ${'-- }'.repeat(15_000)}`],
    ['thousands of comments without an end', '{{! '.repeat(16_000)],
    ['a name of thousands of parts', `{{memory${'.a'.repeat(30_000)}}}`],
    ['thousands of steps outwards', `{{${'../'.repeat(20_000)}now}}`],
    ['thousands of brackets', `{{memory.${'['.repeat(60_000)}}}`],
    ['thousands of block parameters', `{{#each memory as |${'a '.repeat(30_000)}`],
    ['a raw block without an end', `{{{{raw}}}}${'{{{{'.repeat(15_000)}`],
    ['thousands of escaped quotes', `{{identity.name == "${'\\"'.repeat(30_000)}}}`],
  ])('is refused or rendered like any other: %s', (_what, source) => {
    expect(rendered(source, templateData())).toBeTypeOf('string');
  });
});

const STOPPED = '\0stopped';

/** The output, or that the template was refused. */
function rendered(source: string, data: ReturnType<typeof templateData>): string {
  try {
    return compileTemplate(source).render(data);
  } catch (error) {
    if (error instanceof TemplateError) return STOPPED;
    throw error;
  }
}
