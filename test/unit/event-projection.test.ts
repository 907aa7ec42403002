import fc from 'fast-check';
import { executeSubscriptionEvent, parse, validate, validateSubscriptionArgs } from 'graphql';
import { describe, expect, it } from 'vitest';
import { compileProjection } from '../../src/graphql/event-projection.ts';
import { schema } from '../../src/graphql/schema.ts';

const place = { turnId: 'trn_1', cursor: 'c1.x' };
const event = { type: 'TurnTokens', ...place, text: 'Grüße "aus"\n' };
const events = [
  event,
  { type: 'TurnStarted', ...place },
  { type: 'TurnCompleted', ...place },
  { type: 'TurnFailed', ...place, code: 'MODEL_TIMEOUT', message: 'It said nothing.' },
  { type: 'TurnCancelled', ...place },
  { type: 'StreamGap', ...place, text: '' },
];

/** What the executor answers for the event, as a client reads it. */
async function execute(source: string, rootValue: object): Promise<string> {
  const args = validateSubscriptionArgs({ schema, document: parse(source), rootValue, contextValue: {} });
  if (!('schema' in args)) throw args[0];
  return JSON.stringify(await executeSubscriptionEvent(args));
}

const projection = (source: string) => compileProjection(schema, parse(source), undefined);

const turnEvents = (selection: string) => `subscription { turnEvents(turnId: "trn_1") ${selection} }`;

const alias = fc.constantFrom('', 'a: ', 'b: ', 'c: ');
/** Leaves of the interface and of its types; two of them under one name are refused by validation. */
const leaf = fc
  .tuple(alias, fc.constantFrom('__typename', 'cursor', 'turnId'))
  .map(([name, field]) => `${name}${field}`);
const ofTokens = fc
  .tuple(alias, fc.constantFrom('text', 'cursor', '__typename'))
  .map(([name, field]) => `${name}${field}`);
const ofOthers = fc.constantFrom(
  '... on TurnFailed { code message }',
  '... on TurnCompleted { turn { id status } reply { text } }',
  '... on TurnStarted { turn { id } }',
  '...OfCompleted',
);
const { selection } = fc.letrec<{ selection: string; item: string }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    leaf,
    ofTokens.map((field) => `... on TurnTokens { ${field} }`),
    ofOthers,
    fc.constant('...OfTokens'),
    tie('selection').map((inner) => `... ${inner}`),
    tie('selection').map((inner) => `... on TurnEvent ${inner}`),
    tie('selection').map((inner) => `... on ConversationEvent ${inner}`),
  ),
  selection: fc.array(tie('item'), { minLength: 1, maxLength: 5 }).map((items) => `{ ${items.join(' ')} }`),
}));
const FRAGMENTS = `
  fragment OfTokens on TurnTokens { text said: text ...OfAny }
  fragment OfAny on TurnEvent { cursor kind: __typename }
  fragment OfCompleted on TurnCompleted { turn { id } }`;

describe('the projection of an event', () => {
  it('gives what the executor gives, for whatever selection', async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('turnEvents', 'followed: turnEvents'), selection, async (field, inner) => {
        const source = `subscription { ${field}(turnId: "trn_1") ${inner} } ${FRAGMENTS}`;
        const document = parse(source);
        const faults = validate(schema, document).filter(({ message }) => !message.includes('is never used'));
        fc.pre(faults.length === 0);
        const project = compileProjection(schema, document, undefined);
        expect(project?.(event)).toBeTruthy();
        for (const one of events) {
          const projected = project?.(one);
          if (!projected) continue;
          compared += 1;
          expect(JSON.stringify(projected)).toBe(await execute(source, one));
        }
      }),
      { numRuns: 500, seed: 20_261_121 },
    );
    expect(compared).toBeGreaterThan(1500);
  });

  it('follows the operation that is named', () => {
    const document = parse(`
      subscription One { turnEvents(turnId: "trn_1") { cursor } }
      subscription Two { other: turnEvents(turnId: "trn_1") { __typename } }`);
    expect(compileProjection(schema, document, 'Two')?.(event)).toEqual({
      data: { other: { __typename: 'TurnTokens' } },
    });
  });

  it('leaves events of which more is selected to the executor, and no others', () => {
    const project = projection(
      turnEvents('{ cursor ... on TurnCompleted { reply { text } } ... on TurnFailed { turn { id } } }'),
    );
    const left = events.filter((one) => project?.(one) === null).map(({ type }) => type);
    expect(left).toEqual(['TurnCompleted', 'TurnFailed']);
  });

  it('leaves kinds of events it does not know to the executor', () => {
    expect(projection(turnEvents('{ cursor }'))?.({ type: 'ConversationSnapshot' })).toBeNull();
  });

  it.each([
    ['a directive on a field', turnEvents('{ cursor @skip(if: true) }')],
    ['a directive on a fragment', turnEvents('{ ... @include(if: false) { cursor } }')],
    [
      'a directive on the root',
      'subscription ($no: Boolean!) { turnEvents(turnId: "trn_1") @include(if: $no) { cursor } }',
    ],
    ['a fragment at the root', 'subscription { ... { turnEvents(turnId: "trn_1") { cursor } } }'],
    ['another kind of stream', 'subscription { journey { __typename } }'],
    [
      'a fragment with a directive behind it',
      `${turnEvents('{ ...Part }')} fragment Part on TurnTokens { text @skip(if: true) }`,
    ],
  ])('leaves %s to the executor', (_what, source) => {
    expect(projection(source)?.(event) ?? null).toBeNull();
  });
});
