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
