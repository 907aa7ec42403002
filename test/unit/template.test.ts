import { describe, expect, it } from 'vitest';
import { compileTemplate, nestMemory } from '../../src/assistants/template.ts';
import { templateData } from '../support/template-data.ts';

/** As the reference prints it. */
const DOCUMENTED = `You are a helpful assistant. The user is currently in the {{identity.stage}} stage.
{{#if identity.stage == "onboarding"}}
  Focus on welcoming them and explaining key features.
{{/if}}`;

function render(source: string, identity = {}, memory = {}): string {
  return compileTemplate(source).render(templateData(identity, memory));
}

describe('the documented example', () => {
  it('keeps the section in the stage it names', () => {
    expect(render(DOCUMENTED)).toBe(
      'You are a helpful assistant. The user is currently in the onboarding stage.\n' +
        '  Focus on welcoming them and explaining key features.\n',
    );
  });

  it('leaves the section out in another stage', () => {
    expect(render(DOCUMENTED, { stage: 'active_user' })).toBe(
      'You are a helpful assistant. The user is currently in the active_user stage.\n',
    );
  });
});

describe('values', () => {
  it.each([
    [
      '{{identity.name}} {{identity.email}} {{identity.external_id}} {{identity.stage_name}}',
      'Ana ana@example.com user-1 Onboarding',
    ],
    ['{{channel.key}} {{channel.type}} {{workspace.name}} {{now}}', 'web web Acme 2025-01-02T03:04:05.000Z'],
    ['[{{identity.phone}}{{identity.metadata.plan.name}}{{memory.unknown}}]', '[]'],
    ['{{{identity.name}}}{{&identity.name}}{{& identity.name}}', 'AnaAnaAna'],
    ['{{identity/name}} {{identity.[name]}} {{@root.identity.name}} {{this.identity.name}}', 'Ana Ana Ana Ana'],
    ['{{"{{"}}name{{"}}"}} {{12}} {{true}} {{null}}', '{{name}} 12 true '],
  ])('renders %s', (source, expected) => {
    expect(render(source)).toBe(expected);
  });

  it('reaches memory and metadata by dotted keys', () => {
    const source = '{{memory.preferences.language}}/{{identity.metadata.plan.name}}/{{identity.metadata.order-id}}';
    const metadata = { plan: { name: 'pro' }, 'order-id': 7 };
    expect(render(source, { metadata }, { 'preferences.language': 'pt-BR' })).toBe('pt-BR/pro/7');
  });

  it('prints lists and objects as JSON, numbers and booleans as they are', () => {
    const metadata = { tags: ['a', 1], plan: { name: 'pro' }, zero: 0, no: false };
    expect(render('{{identity.metadata}}', { metadata })).toBe(JSON.stringify(metadata));
    expect(render('{{identity.metadata.tags}} {{identity.metadata.zero}} {{identity.metadata.no}}', { metadata })).toBe(
      '["a",1] 0 false',
    );
  });

  it('prints numbers side by side without adding them', () => {
    expect(render('{{memory.n}}{{memory.n}}', {}, { n: 1 })).toBe('11');
  });

  it('prints text as it is, without escaping and without compiling it', () => {
    const name = `O'Brien <b> & {{now}} == {{#if}} \\{{`;
    expect(render('{{identity.name}}|{{{identity.name}}}', { name })).toBe(`${name}|${name}`);
  });
});

describe('comparisons', () => {
  it.each([
    ['1 == 1.0', true],
    ['1 == "1"', true],
    ['"1.50" == 1.5', true],
    ['"1" == "1.0"', false],
    ['1 == "1x"', false],
    ['true == "true"', false],
    ['1 == true', false],
    ['null == undefined', true],
    ['identity.phone == null', true],
    ['identity.phone == ""', false],
    ['identity.metadata.n != 3', false],
    ['2 < 10', true],
    ['"2" < "10"', false],
    ['"2" < 10', true],
    ['"B" < "a"', true],
    ['3 <= identity.metadata.n && identity.metadata.n >= 3', true],
    ['null < 1 || null >= 1 || null <= null', false],
    ['identity < identity', false],
    ['identity == identity', true],
    ['identity.metadata.empty || 0 || ""', false],
    ['!identity.metadata.empty && !0', true],
    ['!!identity.metadata', true],
    ['1 == 1 || 1 == 2 && 1 == 3', true],
    ['(1 == 1 || 1 == 2) && 1 == 3', false],
    ['!1 == 2', false],
    ['1 < 2 == 3 < 4', true],
    ['1<2==3<4&&!(2>3)', true],
    ['"a == b }} c" == \'a == b }} c\'', true],
    ['"say \\"hi\\"" == \'say "hi"\'', true],
    ['-1 < 0', true],
    ['eq 1 1', true],
    ['and (gt 2 1) (lte 1 1) (not (ne 1 1))', true],
    ['or (lt 2 1) (gte 1 2) identity.phone == null', true],
    ['not(identity.phone)', true],
    ['(lookup identity "name") == "Ana"', true],
  ])('%s is %s', (expression, expected) => {
    const metadata = { n: 3, empty: [] };
    expect(render(`{{(${expression})}}`, { metadata })).toBe(String(expected));
    expect(render(`{{#if (${expression})}}true{{else}}false{{/if}}`, { metadata })).toBe(String(expected));
  });
});

describe('blocks', () => {
  it('takes the first branch whose condition holds', () => {
    const source =
      '{{#if identity.stage == "vip"}}1{{else if identity.metadata.plan == "pro" && memory.seen}}2{{else unless identity.name}}3{{else}}4{{/if}}';
    expect(render(source, { stage: 'vip' })).toBe('1');
    expect(render(source, { metadata: { plan: 'pro' } }, { seen: true })).toBe('2');
    expect(render(source, { name: '' })).toBe('3');
    expect(render(source)).toBe('4');
  });

  it('counts an empty list and zero as false, and zero as true on request', () => {
    const source =
      '{{#if memory.n}}a{{/if}}{{#if memory.n includeZero=(1 == 1)}}b{{/if}}{{#unless memory.list}}c{{/unless}}';
    expect(render(source, {}, { n: 0, list: [] })).toBe('bc');
  });

  it('repeats a block for the items of a list', () => {
    const source =
      '{{#each memory.orders as |order i|}}{{i}}{{@index}} {{order.name}}{{name}}{{this.name}}{{#if order.n > 1 && !@last}}!{{/if}}{{#unless @last}}, {{/unless}}{{else}}none{{/each}}';
    const orders = [
      { name: 'tea', n: 2 },
      { name: 'jam', n: 3 },
    ];
    expect(render(source, {}, { orders })).toBe('00 teateatea!, 11 jamjamjam');
    expect(render(source, {}, { orders: [] })).toBe('none');
    expect(render(source, {}, { orders: 'a text' })).toBe('none');
  });

  it('repeats a block for the members of an object, with loops inside loops', () => {
    const source =
      '{{#each memory.by}}{{@key}}:{{#each this}}{{@../key}}{{@first}}{{.}}{{../length}} {{/each}}{{/each}}';
    expect(render(source, {}, { by: { a: [1, 2], b: [3] } })).toBe('a:atrue12 afalse22 b:btrue31 ');
  });

  it('finds the top names inside a block that changes what names mean', () => {
    const source =
      '{{#with identity.metadata.plan as |p|}}{{name}} {{p.name}} {{../identity.name}} {{identity.name}} {{channel}}{{/with}}';
    expect(render(source, { metadata: { plan: { name: 'pro', channel: 'mail' } } })).toBe('pro pro Ana Ana mail');
    expect(render('{{#with identity.phone}}a{{else}}b{{/with}}')).toBe('b');
  });

  it('compares the value of a lookup', () => {
    const source = '{{#if (lookup memory.plans identity.metadata.plan) >= 10}}dear{{/if}}{{lookup memory.list 1}}';
    expect(render(source, { metadata: { plan: 'pro' } }, { plans: { pro: 20 }, list: ['x', 'y'] })).toBe('deary');
  });
});

describe('text and white space', () => {
  it.each([
    ['a  {{~identity.name~}}  b', 'aAnab'],
    ['a {{~#if now == now~}} b {{~else~}} c {{~/if~}} d', 'abd'],
    ['a\n{{! a comment with == and }}\nb', 'a\nb'],
    ['a{{!-- {{now}} }} --}}b{{!--}}c{{! -}}d', 'abcd'],
    ['\\{{now}} \\\\{{channel.key}}', '{{now}} \\web'],
    ['{{{{raw}}}}{{now}} == {{{{x}}}}{{/if}}{{{{/x}}}}{{{{/raw}}}}', '{{now}} == {{{{x}}}}{{/if}}{{{{/x}}}}'],
    [
      '{"stage": "{{identity.stage}}", "n": { "m": {{identity.metadata.n}} } }',
      '{"stage": "onboarding", "n": { "m":  } }',
    ],
    ['{{#if\n  identity.stage\n    == "onboarding"\n}}yes{{/if}}', 'yes'],
    ['{{#if identity.stage == "x"}}a{{^}}b{{/if}}', 'b'],
    ['no mustache } at all {', 'no mustache } at all {'],
    ['', ''],
  ])('renders %j', (source, expected) => {
    expect(render(source)).toBe(expected);
  });
});

describe('nestMemory', () => {
  it('nests dotted keys', () => {
    const entries = [
      { key: 'preferences.language', value: 'pt-BR' },
      { key: 'preferences.timezone', value: 'UTC' },
      { key: 'name', value: 'Ana' },
    ];
    expect(nestMemory(entries)).toEqual({ preferences: { language: 'pt-BR', timezone: 'UTC' }, name: 'Ana' });
  });

  it('lets the longer key win over a value, whatever the order', () => {
    const entries = [
      { key: 'a.b', value: 1 },
      { key: 'a', value: 'text' },
    ];
    expect(nestMemory(entries)).toEqual({ a: { b: 1 } });
    expect(nestMemory(entries.toReversed())).toEqual({ a: { b: 1 } });
  });

  it('adds the longer key to an object without changing the entry', () => {
    const value = { b: 1, c: 2 };
    expect(
      nestMemory([
        { key: 'a.b', value: 3 },
        { key: 'a', value },
      ]),
    ).toEqual({ a: { b: 3, c: 2 } });
    expect(value).toEqual({ b: 1, c: 2 });
  });

  it('takes __proto__ and constructor for names like any other', () => {
    const nested = nestMemory([
      { key: '__proto__.polluted', value: true },
      { key: 'constructor.prototype.polluted', value: true },
    ]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.keys(nested)).toEqual(['__proto__', 'constructor']);
  });
});
