import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Context } from '../../src/context.ts';
import { InvalidInputError } from '../../src/errors.ts';
import { oldestFirst, Pages } from '../../src/graphql/pages.ts';
import { readJsonObject } from '../../src/http/json-body.ts';
import { createTransitionCursors } from '../../src/identities/transition-cursors.ts';
import { ENTITIES, type Entity, entityOf, isId, newId } from '../../src/ids.ts';
import type { EventReader } from '../../src/turns/reader.ts';
import { ReplyBlocks } from '../../src/turns/reply-blocks.ts';

const BOUNDS = { seed: 20_261_121, numRuns: 1000 };
/** Everything a text can hold, halves of surrogate pairs and line ends included. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        '\n',
        '\r',
        '\r\n',
        'data: ',
        'id: ',
        'event: ',
        ':',
        '\0',
        '\u2028',
        '\ud800',
        '\ufeff',
        '}',
        '"',
      ),
    )
    .map((parts) => parts.join('')),
);

function valueOrRefusal<Value>(work: () => Value): Value | 'refused' {
  try {
    return work();
  } catch (error) {
    if (error instanceof InvalidInputError) return 'refused';
    throw error;
  }
}

describe('an id', () => {
  const entities = fc.constantFrom<Entity>(...ENTITIES);

  it('names its entity and no other', () => {
    fc.assert(
      fc.property(entities, entities, (entity, other) => {
        const id = newId(entity);
        expect(entityOf(id)).toBe(entity);
        expect(isId(other, id)).toBe(other === entity);
      }),
      BOUNDS,
    );
  });

  it('is no other text', () => {
    const near = fc.tuple(entities, fc.nat(40), anyText, fc.nat(4)).map(([entity, at, text, length]) => {
      const id = newId(entity);
      return id.slice(0, at) + text + id.slice(at + length);
    });
    fc.assert(
      fc.property(fc.oneof(anyText, near), (text) => {
        const looksRight = /^[a-z]{3}_[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(text) && text.length === 30;
        if (!looksRight) expect(entityOf(text)).toBeNull();
      }),
      BOUNDS,
    );
  });
});

describe('the cursor of a list', () => {
  const lists = [
    oldestFirst,
    new Pages({ turnNumber: 'number', id: 'text' }, 'asc'),
    new Pages({ at: 'time' }, 'desc'),
  ];
  const rows = fc.record({
    createdAt: fc.date({ min: new Date(0), max: new Date(8e12), noInvalidDate: true }),
    at: fc.date({ min: new Date(0), max: new Date(8e12), noInvalidDate: true }),
    id: fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0') && text.isWellFormed()),
    turnNumber: fc.nat(2 ** 31 - 1),
  });

  it('leads back to its row', () => {
    fc.assert(
      fc.property(fc.constantFrom(...lists), rows, (list, row) => {
        const after = list.connection([row], { first: 1 }).edges[0]?.cursor;
        const { where } = list.query({ after });
        expect(where.AND).toHaveLength(2);
        const [[field, bound] = []] = Object.entries(where.AND[0] as Record<string, object>);
        expect(Object.values(bound ?? {})).toEqual([row[field as keyof typeof row]]);
      }),
      BOUNDS,
    );
  });

  it('is refused by its name when it is any other text, or any other JSON', () => {
    const encoded = fc.json().map((json) => Buffer.from(json).toString('base64url'));
    const hostile = fc
      .array(fc.oneof(fc.constantFrom<unknown>(null, -1, 1e21, '\0', '\ud800', {}, []), fc.jsonValue()), {
        maxLength: 3,
      })
      .map((values) => Buffer.from(JSON.stringify(values)).toString('base64url'));
    fc.assert(
      fc.property(fc.constantFrom(...lists), fc.oneof(anyText, encoded, hostile), (list, after) => {
        const query = valueOrRefusal(() => list.query({ after }));
        if (query === 'refused') return;
        // What is taken can be asked of a database.
        expect(JSON.stringify(query)).not.toMatch(/\\u0000|\\ud[89a-f]|null/);
      }),
      BOUNDS,
    );
  });
});

describe('the cursor of a move', () => {
  const cursors = createTransitionCursors('a secret for tests, of more than 32 characters');

  it('is refused when it is any other text', () => {
    const cursor = cursors.encode('wsp_a', { seen: { end: 100n, running: [90n, 95n] }, at: new Date(1e12) });
    expect(cursors.decode('wsp_a', cursor).seen).toEqual({ end: 100n, running: [90n, 95n] });
    const near = fc.tuple(fc.nat(cursor.length), anyText, fc.nat(3)).map(([at, text, length]) => {
      return cursor.slice(0, at) + text + cursor.slice(at + length);
    });
    fc.assert(
      fc.property(fc.oneof(anyText, near), (text) => {
        if (text !== cursor) expect(valueOrRefusal(() => cursors.decode('wsp_a', text))).toBe('refused');
        expect(valueOrRefusal(() => cursors.decode('wsp_b', cursor))).toBe('refused');
      }),
      BOUNDS,
    );
  });
});

describe('a stream of server-sent events', () => {
  const pieces = fc.array(
    anyText.filter((text) => text !== ''),
    { maxLength: 8 },
  );

  /** The blocks of a reply that comes in these pieces, as they go over the wire. */
  async function sent(texts: string[]): Promise<string> {
    const events = texts.map((text, index) => ({ type: 'TurnTokens', cursor: `c${index}`, text }));
    const all: object[] = [...events, { type: 'TurnCompleted', cursor: 'end' }];
    const reader = {
      next: async () => (all.length > 0 ? { done: false, value: all.shift() } : { done: true, value: undefined }),
      return: async () => undefined,
    };
    const blocks = new ReplyBlocks({} as Context, 'trn_a', reader as unknown as EventReader, { after: 'c', offset: 0 });
    let wire = '';
    for (let block = await blocks.next(); !block.done; block = await blocks.next()) wire += block.value;
    return wire;
  }

  it('brings every text as it was, in as many events, however it is cut on its way', async () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(pieces, cuts, async (texts, lengths) => {
        const wire = Buffer.from(await sent(texts));
        const seen: { id: string | undefined; data: { type: string; content: string } }[] = [];
        const parser = createParser({ onEvent: ({ id, data }) => seen.push({ id, data: JSON.parse(data) }) });
        const decoder = new TextDecoder();
        for (let at = 0, turn = 0; at < wire.length; turn += 1) {
          const length = lengths[turn % lengths.length] as number;
          parser.feed(decoder.decode(wire.subarray(at, at + length), { stream: true }));
          at += length;
        }
        const tokens = texts.map((content, index) => ({ id: `c${index}`, data: { type: 'token', content } }));
        expect(seen).toEqual([...tokens, { id: 'end', data: { type: 'complete', content: texts.join('') } }]);
      }),
      { ...BOUNDS, numRuns: 300 },
    );
  });
});

describe('a body', () => {
  const bodyOf = (bytes: Uint8Array) =>
    new Request('http://milepost.test', { method: 'POST', body: bytes as BodyInit });
  const read = (bytes: Uint8Array) =>
    readJsonObject(bodyOf(bytes)).catch((error) => {
      if (error instanceof InvalidInputError) return 'refused';
      throw error;
    });

  it('of bytes is an object or refused', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 50 }),
      fc.json().map((json) => Buffer.from(json)),
      fc.tuple(fc.object(), fc.nat(), fc.nat(255)).map(([object, at, byte]) => {
        const whole = Buffer.from(JSON.stringify(object));
        whole[at % whole.length] = byte;
        return whole;
      }),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (sentBytes) => {
        const body = await read(sentBytes);
        if (body !== 'refused') expect(Object.prototype.toString.call(body)).toBe('[object Object]');
      }),
      BOUNDS,
    );
  });

  it('of an object is that object', async () => {
    const objects = fc.dictionary(fc.oneof(anyText, fc.constant('__proto__')), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(objects, async (object) => {
        const json = JSON.stringify(object);
        expect(JSON.stringify(await read(Buffer.from(json)))).toBe(JSON.stringify(JSON.parse(json)));
      }),
      BOUNDS,
    );
  });
});
