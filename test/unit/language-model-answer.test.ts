import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Answer } from '../../src/language-model/answer.ts';
import { ModelError } from '../../src/language-model/port.ts';

const { signal } = new AbortController();
const junk = fc.jsonValue({ maxDepth: 2 });
const delta = fc.record(
  { content: junk, refusal: junk, tool_calls: fc.oneof(junk, fc.array(junk)) },
  { requiredKeys: [] },
);
const choice = fc.record({ delta: fc.oneof(junk, delta), message: junk, finish_reason: junk }, { requiredKeys: [] });
const chunk = fc.record(
  { model: junk, choices: fc.oneof(junk, fc.array(fc.oneof(junk, choice))), usage: junk, error: fc.option(junk) },
  { requiredKeys: [] },
);

it('is whole or fails as a ModelError, whatever an endpoint streams', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(junk, chunk)), (chunks) => {
      const answer = new Answer((text) => expect(text).not.toBe(''));
      try {
        const sink = answer.eventSink(signal);
        for (const data of chunks) sink.feed(`data: ${JSON.stringify(data)}\n\n`);
        sink.end();
        answer.result('small');
      } catch (error) {
        expect(error).toBeInstanceOf(ModelError);
      }
    }),
  );
});

it('passes on the same text however the stream is split', () => {
  const texts = fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1 });
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 40 }), (pieces, size) => {
      const heard: string[] = [];
      const answer = new Answer((text) => heard.push(text));
      const sink = answer.eventSink(signal);
      const stream = pieces
        .map((content) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`)
        .join('');
      for (let at = 0; at < stream.length; at += size) sink.feed(stream.slice(at, at + size));
      expect(heard).toEqual(pieces);
    }),
  );
});

/** A chunk with words around its text that are the same, or nearly the same, again and again. */
const around = fc.constantFrom(
  { id: 'a', model: 'small' },
  { id: 'a', model: 'small', usage: null },
  { id: 'b', content: 'no text' },
  { id: 'b', note: '"content":"no text"' },
);
const inside = fc.constantFrom<object>(
  {},
  { role: 'assistant' },
  { refusal: null },
  { reasoning: { content: 'secret' } },
);
const said = fc.oneof(
  fc.constantFrom('', ' the', 'content', '"', '\\', '\n', '","x":"'),
  fc.string({ unit: 'grapheme' }),
);

it('hears what is said whatever else the chunks have in common', () => {
  const chunks = fc.array(fc.tuple(around, inside, said, fc.boolean()), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(chunks, (parts) => {
      let heard = '';
      const sink = new Answer((text) => {
        heard += text;
      }).eventSink(signal);
      for (const [outer, inner, content, textFirst] of parts) {
        const delta = textFirst ? { content, ...inner } : { ...inner, content };
        sink.feed(`data: ${JSON.stringify({ ...outer, choices: [{ index: 0, delta, finish_reason: null }] })}\n\n`);
      }
      expect(heard).toBe(parts.map(([, , content]) => content.replaceAll('\0', '')).join(''));
    }),
    { numRuns: 1000 },
  );
});

it('hears each piece of what a tool is called with, also beside the same text', () => {
  const answer = new Answer(() => {});
  const sink = answer.eventSink(signal);
  const call = { index: 0, id: 'call_1', function: { name: 'remember', arguments: '7' } };
  for (const content of ['', 'a', 'b', 'c']) {
    const delta = { content, tool_calls: [call] };
    sink.feed(`data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: null }] })}\n\n`);
  }
  sink.feed(`data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] })}\n\n`);
  expect(answer.result('small').toolCalls).toEqual([{ id: 'call_1', name: 'remember', arguments: '7777' }]);
});

it('refuses a line without an end', () => {
  const sink = new Answer(() => {}).eventSink(signal);
  const feed = () => {
    for (let count = 0; count < 100; count += 1) sink.feed(`data: ${'x'.repeat(1_000_000)}`);
  };
  expect(feed).toThrow('an endless line');
});

it('refuses JSON without an end', () => {
  const sink = new Answer(() => {}).wholeSink();
  const feed = () => {
    for (let count = 0; count < 100; count += 1) sink.feed('x'.repeat(1_000_000));
  };
  expect(feed).toThrow('an endless text');
});
