import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../src/errors.ts';
import { newId } from '../../src/ids.ts';
import { createCursors, type Position } from '../../src/turns/cursors.ts';

const cursors = createCursors('a secret for tests, of more than 32 characters');
const WORKSPACE = newId('Workspace');

const positions: fc.Arbitrary<Position> = fc.record({
  conversationId: fc.constantFrom(newId('Conversation'), newId('Conversation')),
  epoch: fc.stringMatching(/^[0-9a-z]{1,24}$/),
  sequence: fc.nat({ max: Number.MAX_SAFE_INTEGER }).filter((sequence) => sequence < 36 ** 10),
  turnNumber: fc.integer({ min: 0, max: 2_147_483_647 }),
  offset: fc.option(fc.nat({ max: 2_147_483_647 })),
});
// What may stand in a header, and some of what may not.
const characters = fc.constantFrom(...'0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._- é\n\0');

function refuses(workspaceId: string, cursor: string): void {
  expect(() => cursors.decode(workspaceId, cursor)).toThrow(InvalidInputError);
}

describe('a cursor', () => {
  it('gives its position back', () => {
    fc.assert(
      fc.property(positions, (position) => {
        expect(cursors.decode(WORKSPACE, cursors.encode(WORKSPACE, position))).toEqual(position);
      }),
    );
  });

  it('can stand in a header and a query as it is', () => {
    fc.assert(
      fc.property(positions, (position) => {
        const cursor = cursors.encode(WORKSPACE, position);
        expect(encodeURIComponent(cursor)).toBe(cursor);
      }),
    );
  });

  it('is refused with any character changed', () => {
    fc.assert(
      fc.property(positions, fc.nat(), characters, (position, at, character) => {
        const cursor = cursors.encode(WORKSPACE, position);
        const index = at % cursor.length;
        fc.pre(cursor[index] !== character);
        refuses(WORKSPACE, `${cursor.slice(0, index)}${character}${cursor.slice(index + 1)}`);
      }),
      { numRuns: 1000 },
    );
  });

  it('is refused with any character left out or added', () => {
    fc.assert(
      fc.property(positions, fc.nat(), characters, (position, at, character) => {
        const cursor = cursors.encode(WORKSPACE, position);
        const index = at % cursor.length;
        refuses(WORKSPACE, cursor.slice(0, index) + cursor.slice(index + 1));
        refuses(WORKSPACE, `${cursor.slice(0, index)}${character}${cursor.slice(index)}`);
      }),
    );
  });

  it('is refused in another workspace', () => {
    fc.assert(fc.property(positions, (position) => refuses(newId('Workspace'), cursors.encode(WORKSPACE, position))));
  });

  it('is refused when another secret has signed it', () => {
    const theirs = createCursors('another secret for tests, also of more than 32 characters');
    fc.assert(fc.property(positions, (position) => refuses(WORKSPACE, theirs.encode(WORKSPACE, position))));
  });

  it('is refused when it is any other text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => refuses(WORKSPACE, text)));
  });

  it('is refused with the name of the field it was in', () => {
    expect(() => cursors.decode(WORKSPACE, 'c1', 'Last-Event-ID')).toThrow(
      expect.objectContaining({ issues: [{ path: 'Last-Event-ID', message: expect.any(String) }] }),
    );
  });
});
