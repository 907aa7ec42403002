import { randomNumbers } from './random.ts';

/** What a server may be sent by somebody who means harm or has a broken client; the same for the same seed. */
export class Fuzzer {
  readonly #next: () => number;
  readonly #dictionary: string[];

  /** `dictionary` holds what a mutation may put in. */
  constructor(seed: number, dictionary: string[]) {
    this.#next = randomNumbers(seed);
    this.#dictionary = dictionary;
  }

  /** A whole number from 0 to below this. */
  below(end: number): number {
    return Math.floor(this.#next() * end);
  }

  chance(share: number): boolean {
    return this.#next() < share;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  /** A text with one to five things changed; `other` is what a piece may be taken from. */
  mutate(text: string, other: string): string {
    let mutated = text;
    for (let left = 1 + this.below(5); left > 0; left -= 1) mutated = this.#mutateOnce(mutated, other);
    return mutated;
  }

  /** JSON with one to three of its values replaced. */
  mutateJson(value: unknown): unknown {
    let mutated = value;
    for (let left = 1 + this.below(3); left > 0; left -= 1) mutated = this.#replaceIn(mutated, 0);
    return mutated;
  }

  hostile(): unknown {
    return this.pick(HOSTILE);
  }

  /** Bytes with some of them changed, left out or put in. */
  mutateBytes(bytes: Buffer): Buffer {
    const mutated = Array.from(bytes);
    for (let left = 1 + this.below(4); left > 0; left -= 1) {
      const at = this.below(mutated.length + 1);
      const kind = this.below(3);
      if (kind === 0) mutated[at] = this.below(256);
      else mutated.splice(at, kind === 1 ? 1 + this.below(4) : 0, this.below(256));
    }
    return Buffer.from(mutated);
  }

  #mutateOnce(text: string, other: string): string {
    const [from, to] = [this.below(text.length + 1), this.below(text.length + 1)].sort((a, b) => a - b) as [
      number,
      number,
    ];
    const piece = text.slice(from, Math.min(to, from + 40));
    const put = (inserted: string, end = from) => text.slice(0, from) + inserted + text.slice(end);
    switch (this.below(8)) {
      case 0:
        return put('', from + piece.length);
      case 1:
        return put(piece.repeat(1 + this.below(20)), from + piece.length);
      case 2:
        return put(this.pick(this.#dictionary));
      case 3:
        return put(this.pick(this.#dictionary), from + piece.length);
      case 4:
        return put(String.fromCharCode(this.below(this.chance(0.9) ? 128 : 65_536)), from + 1);
      case 5:
        return put(other.slice(this.below(other.length)), from + piece.length);
      case 6:
        return text.slice(0, from);
      default:
        return text.slice(from, to) + text.slice(0, from) + text.slice(to);
    }
  }

  #replaceIn(value: unknown, depth: number): unknown {
    const isInner = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
    if (!isInner || (depth > 0 && this.chance(0.2))) return this.hostile();
    const keys = Object.keys(value);
    const key = this.pick(keys);
    const member = this.#replaceIn((value as Record<string, unknown>)[key], depth + 1);
    if (Array.isArray(value)) return this.chance(0.1) ? [...value, member] : value.with(Number(key), member);
    if (this.chance(0.1)) return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
    if (this.chance(0.1)) return { ...value, [this.pick(this.#dictionary)]: member };
    return { ...value, [key]: member };
  }
}

const nested = (depth: number, inner: unknown) => {
  let value = inner;
  for (let level = 0; level < depth; level += 1) value = level % 2 ? [value] : { a: value };
  return value;
};

/** Values that have broken somebody's server before. */
const HOSTILE: unknown[] = [
  ...[null, true, false, 0, -0, 1, -1, 0.1, 1e308, -1e308, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, 1e21, 1e-320],
  ...[
    '',
    ' ',
    '\0',
    'a\0b',
    '\ud800',
    '\udfff\ud800',
    '\u202e',
    '\ufeff',
    '\u2028',
    '😀',
    'é'.normalize('NFD'),
    '\r\n\t',
  ],
  ...[
    "'; DROP TABLE stages; --",
    '%',
    '_',
    '\\',
    '%00',
    '../../etc/passwd',
    '#{7*7}',
    '{{constructor}}',
    '<script>',
    '{{',
  ],
  ...[
    'null',
    'undefined',
    'NaN',
    'Infinity',
    '0x10',
    '1e5',
    '-1',
    'true',
    '[object Object]',
    '__proto__',
    'constructor',
  ],
  ...['x'.repeat(101), 'x'.repeat(5000), 'x'.repeat(100_001), '9'.repeat(400), '\u0301'.repeat(500)],
  ...[
    '2026-02-30T00:00:00Z',
    '0000-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999-23:59',
    '2026-01-01',
    'stg_00000000000000000000000000',
  ],
  ...[
    [],
    {},
    [[]],
    [null],
    { a: null },
    nested(30, 1),
    nested(2000, 1),
    Array.from({ length: 200 }, () => 0),
    { id: {} },
  ],
  ...[
    JSON.parse('{"__proto__":{"a":1}}'),
    JSON.parse('{"constructor":{"prototype":1}}'),
    { toString: 1 },
    { length: 1 },
  ],
];
