import { describe, expect, it } from 'vitest';
import { compileTemplate, TemplateError } from '../../src/assistants/template.ts';
import { templateData } from '../support/template-data.ts';

function errorOf(run: () => unknown): TemplateError {
  try {
    run();
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
  throw new Error('The template was accepted.');
}

function placeOf(marked: string): { source: string; line: number; column: number } {
  const lines = marked.slice(0, marked.indexOf('‸')).split('\n');
  return { source: marked.replace('‸', ''), line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}

/** Each mistake stands where the mark ‸ is. */
function refusesAtMark(mistakes: [marked: string, message: RegExp][]): void {
  it.each(mistakes)('%s', (marked, message) => {
    const { source, line, column } = placeOf(marked);
    const error = errorOf(() => compileTemplate(source));
    expect(error).toMatchObject({ line, column, message: expect.stringMatching(message) });
  });
}

describe('a mistake in names and helpers is refused at its place', () => {
  refusesAtMark([
    ['Hello {{‸idenity.stage}}', /no value idenity.*identity, memory, channel, workspace and now/],
    ['{{#if identity.stage == ‸onboarding}}{{/if}}', /text stands in quotation marks/],
    ['{{#with identity}}{{../‸}}{{/with}}', /name is missing/],
    ['{{#with identity}}{{‸../idenity}}{{/with}}', /no value idenity/],
    ['{{‸@root.idenity}}', /no value idenity/],
    ['{{‸../now}}', /no block for \.\.\/ to leave/],
    ['{{‸@index}}', /only inside {{#each}}/],
    ['{{#each memory.a}}{{‸@../index}}{{/each}}', /only inside {{#each}}/],
    ['{{‸@partial-block}}', /no @partial-block/],
    ['a\n  {{‸shout identity.name}}', /no helper shout: known are eq, ne/],
    ['{{#if (‸shout identity.name) == "A"}}{{/if}}', /no helper shout/],
    ['{{‸log now}}', /no helper log/],
    ['{{‸helperMissing now}}', /no helper helperMissing/],
    ['{{‸constructor now}}', /no helper constructor/],
    ['{{‸identity.name "x"}}', /identity\.name is a value/],
    ['{{‸if now}}', /if is a block: write {{#if …}}/],
    ['{{‸eq now}}', /eq takes two values/],
    ['{{‸not}}', /not takes one value/],
    ['{{‸and now}}', /and takes two values or more/],
    ['Call {{‸function.name()}}', /cannot call functions or tools/],
    ['Call {{‸function.name}}', /cannot call functions or tools/],
    ['{{‸now()}}', /cannot call functions or tools/],
  ]);
});

describe('a mistake in expressions is refused at its place', () => {
  refusesAtMark([
    ['{{#if identity.stage ‸= "a"}}{{/if}}', /single = does not compare: write ==/],
    ['{{#if now == now ‸= now}}{{/if}}', /single =/],
    ['{{eq now a‸=now}}', /single =/],
    ['{{#if identity.stage ‸=== "a"}}{{/if}}', /no ===: write ==/],
    ['{{#if identity.stage ‸!== "a"}}{{/if}}', /no !==: write !=/],
    ['{{#if now ‸& now}}{{/if}}', /single & means nothing: write &&/],
    ['{{now ‸| now}}', /write \|\|/],
    ['{{now ‸+ 1}}', /does not calculate/],
    ['{{now‸, now}}', /character , means nothing/],
    ['{{#if identity.stage == ‸“a”}}{{/if}}', /straight quotation marks/],
    ['{{#if identity.stage == ‸"a}}{{/if}}', /never closed with a quotation mark/],
    ['{{#if now == ‸}}{{/if}}', /value is missing/],
    ['{{#if now && ‸|| now}}{{/if}}', /value is missing/],
    ['{{#if ‸(now}}{{/if}}', /\( is never closed/],
    ['{{now‸)}}', /\) closes nothing/],
    ['{{‸}}', /value is missing/],
    ['{{#‸}}', /name of a block is missing/],
    ['{{identity.‸}}', /name is missing/],
    ['{{identity.‸this}}', /only at the beginning of a name/],
    ['{{(now == now) ‸now}}', /operator such as == is missing/],
    ['{{#each memory.a ‸as |b}}{{/each}}', /\|item key\|/],
    ['{{now ‸as |b|}}', /only a block takes block parameters/i],
  ]);
});

describe('a mistake in blocks and braces is refused at its place', () => {
  refusesAtMark([
    ['a\n‸{{#if now}}\n', /{{#if}} is never closed with {{\/if}}/],
    ['\n{{#each memory.a}}\n  ‸{{/if}}', /{{\/if}} does not close {{#each}} of line 2/],
    ['‸{{/if}}', /closes nothing/],
    ['‸{{else}}', /outside of any block/],
    ['{{#if now}}{{else}}‸{{else if now}}{{/if}}', /already has its {{else}}/],
    ['{{#if now}}{{‸elseif now}}{{/if}}', /write {{else if …}}/i],
    ['‸{{#if}}{{/if}}', /needs a condition/],
    ['‸{{#if identity.stage is "a"}}{{/if}}', /takes one condition: compare with ==/],
    ['‸{{#if now as |a|}}{{/if}}', /not give that many block parameters/],
    ['‸{{#identity.name}}{{/identity.name}}', /no block identity\.name: known are if, unless, each and with/],
    ['‸{{#eq 1 1}}{{/eq}}', /no block eq/],
    ['‸{{^now}}{{/now}}', /write {{#unless …}}/],
    ['‸{{> header}}', /no partials/],
    ['‸{{#> header}}{{/header}}', /no partials/],
    ['‸{{#*inline "a"}}{{/inline}}', /no decorators/],
    ['‸{{* now}}', /no decorators/],
    ['‸{{ #if now}}{{/if}}', /no space between {{ and #/],
    ['a ‸{{now', /never closed with }}/],
    ['a ‸{{{now}}', /never closed with }}}/],
    ['{{now‸} b', /closed with two braces/],
    ['{{now}}‸}', /one brace too many/],
    ['{{now ‸{{now}}', /begins inside another/],
    ['‸{{! no end', /comment is never closed/],
    ['‸{{!-- no end }}', /comment is never closed/],
    ['‸{{{{raw}}}} no end', /never closed with {{{{\/raw}}}}/],
    ['‸{{{{other}}}}{{{{/other}}}}', /four braces only begin/i],
  ]);
});

it('refuses the NUL character at its place', () => {
  expect(errorOf(() => compileTemplate('a\n\0'))).toMatchObject({ line: 2, column: 1 });
});

describe('the limits', () => {
  const items = Array.from({ length: 40 }, (_, index) => index);

  it.each([
    ['more than 65,536 characters', 'a'.repeat(65_537)],
    ['blocks nested 51 deep', '{{#if now}}'.repeat(51) + '{{/if}}'.repeat(51)],
    ['201 branches', `{{#if now}}${'{{else if now}}'.repeat(201)}{{/if}}`],
    ['parentheses nested 51 deep', `{{${'('.repeat(51)}now${')'.repeat(51)}}}`],
    ['thousands of parentheses', `{{${'('.repeat(60_000)}`],
    ['thousands of negations', `{{(${'!'.repeat(60_000)}now)}}`],
    ['thousands of chained comparisons', `{{now${'<now'.repeat(15_000)}}}`],
    ['thousands of open blocks', '{{#if now}}'.repeat(5_000)],
  ])('refuse %s', (_name, source) => {
    expect(errorOf(() => compileTemplate(source))).toBeInstanceOf(TemplateError);
  });

  it.each([
    ['65,536 characters', 'a'.repeat(65_536)],
    ['blocks nested 50 deep', '{{#if now}}'.repeat(50) + '{{/if}}'.repeat(50)],
    ['200 branches', `{{#if now}}${'{{else if now}}'.repeat(200)}{{/if}}`],
    ['thousands of joined conditions', `{{(now${'&&now'.repeat(13_000)})}}`],
    ['400 branches in two blocks', `{{#if now}}${'{{else if now}}'.repeat(200)}{{/if}}`.repeat(2)],
    ['98 comparisons in two chains', `{{(now${'<now'.repeat(49)}&&now${'<now'.repeat(49)})}}`],
    ['thousands of mustaches', '{{now}}'.repeat(9_000)],
  ])('allow %s', (_name, source) => {
    expect(compileTemplate(source)).toBeDefined();
  });

  it.each([
    ['loops inside loops', '{{#each memory.a}}{{#each ../memory.a}}{{#each @root.memory.a}}{{#each @root.memory.a}}x'],
    [
      'loops that write nothing',
      '{{#each memory.a}}{{#each ../memory.a}}{{#each @root.memory.a}}{{#each @root.memory.a}}',
    ],
    ['a long text in a loop', `{{#each memory.a}}${'x'.repeat(10_000)}`],
    ['a long expression in a loop', `{{#each memory.a}}{{#if (@index${' && @index'.repeat(5_000)})}}{{/if}}`],
  ])('stop %s', (_name, opening) => {
    const template = compileTemplate(opening + '{{/each}}'.repeat(opening.split('{{#each').length - 1));
    const error = errorOf(() => template.render(templateData({}, { a: items })));
    expect(error.message).toMatch(/grows without bound/);
  });

  it('stop a large value printed again and again, at the mustache that is too much', () => {
    const template = compileTemplate('{{memory}}\n{{memory}}\n {{memory}}');
    const error = errorOf(() => template.render(templateData({}, { text: 'x'.repeat(100_000) })));
    expect(error).toMatchObject({ line: 3, column: 2 });
  });
});

describe('nothing but data is reached', () => {
  it.each([
    '{{lookup identity "constructor"}}',
    '{{lookup identity "__proto__"}}',
    '{{lookup (lookup identity "constructor") "prototype"}}',
    '{{identity.constructor}}{{identity.constructor.name}}{{identity.__proto__}}{{identity.toString}}',
    '{{identity.name.constructor}}{{identity.name.toUpperCase}}{{memory.list.map}}{{memory.list.constructor}}',
    '{{#with identity}}{{constructor}}{{__proto__}}{{hasOwnProperty}}{{/with}}',
    '{{#each identity.constructor}}a{{/each}}{{#with identity.__proto__}}a{{/with}}{{identity.metadata.run}}',
  ])('%s renders empty', (source) => {
    const run = () => 'called';
    expect(compileTemplate(source).render(templateData({ metadata: { run } }, { list: [] }))).toBe('');
  });

  it('prints a member of the data that happens to be called constructor', () => {
    const data = templateData({ metadata: { constructor: 'Acme Builders' } });
    expect(compileTemplate('{{identity.metadata.constructor}}').render(data)).toBe('Acme Builders');
  });
});
