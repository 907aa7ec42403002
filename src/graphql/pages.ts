import { queryFromInfo } from '@pothos/plugin-prisma';
import type { GraphQLResolveInfo } from 'graphql';
import type { Context } from '../context.ts';
import { InvalidInputError } from '../errors.ts';
import { canName, sizes } from '../input.ts';

export const MAX_PAGE_SIZE = 100;
export const DEFAULT_PAGE_SIZE = 25;

/** The arguments of a connection (Relay cursor connections). */
export interface PageArgs {
  first?: number | null | undefined;
  last?: number | null | undefined;
  after?: string | null | undefined;
  before?: string | null | undefined;
}

/** The part of a query that reads one page. */
export interface PageQuery {
  where: { AND: object[] };
  /** One more than the page has, to see whether there are more; negative: from the end. */
  take: number;
  orderBy: object[];
}

type Value = string | number | Date;

/** What each kind of value is in a cursor, where it stands as JSON. */
const READ: Record<string, (json: unknown) => Value | null> = {
  text: (json) => (typeof json === 'string' && canName({ json }) ? json : null),
  number: (json) => (isWithin(json, 2 ** 31) ? json : null),
  time: (json) => (isWithin(json, Date.UTC(10_000, 0)) ? new Date(json) : null),
};

/**
 * A list in a total order, paged by position. A cursor holds the values its row is sorted by, so that a page costs the
 * same wherever it lies, the row may be gone meanwhile, and no cursor can tell whether a row exists.
 */
export class Pages {
  readonly #fields: [name: string, kind: string][];
  readonly #direction: 'asc' | 'desc';

  /** The fields the list is sorted by; together they are unique in it. */
  constructor(order: Record<string, 'text' | 'number' | 'time'>, direction: 'asc' | 'desc') {
    this.#fields = Object.entries(order);
    this.#direction = direction;
  }

  /** Throws InvalidInputError for arguments that make no page. */
  query(args: PageArgs): PageQuery {
    const { size, backward } = extentOf(args);
    const bounds = [this.#bound(args, 'after', true), this.#bound(args, 'before', false)];
    return {
      where: { AND: bounds.flat() },
      take: backward ? -size - 1 : size + 1,
      orderBy: this.#fields.map(([name]) => ({ [name]: this.#direction })),
    };
  }

  /** The same for a list inside an object, with what the caller selects of each row; `where` says which rows it has. */
  nested<Selection extends object>(
    args: PageArgs,
    selected: (query: PageQuery, path: string[]) => Selection,
    where: object = {},
  ): Selection {
    const query = this.query(args);
    const selection = selected({ ...query, where: { ...query.where, ...where } }, ['edges', 'node']);
    if (!('select' in selection)) return selection;
    // No row is looked at, but its cursor may be.
    const fields = Object.fromEntries(this.#fields.map(([name]) => [name, true]));
    return { ...selection, select: { ...fields, ...(selection.select as object) } };
  }

  /** The same for a list that stands by itself. */
  queryFrom(args: PageArgs, context: Context, info: GraphQLResolveInfo): PageQuery & { include?: object } {
    const { include } = queryFromInfo({ context, info, path: ['edges', 'node'] });
    return { ...this.query(args), ...(include && { include }) };
  }

  /** The rows of the query as a connection. */
  connection<Row extends object>(rows: Row[], args: PageArgs) {
    const { size, backward } = extentOf(args);
    const more = rows.length > size;
    const page = !more ? rows : backward ? rows.slice(1) : rows.slice(0, size);
    const edges = page.map((node) => ({ cursor: this.#cursorOf(node), node }));
    return {
      edges,
      pageInfo: {
        hasNextPage: backward ? args.before != null : more,
        hasPreviousPage: backward ? more : args.after != null,
        startCursor: edges.at(0)?.cursor ?? null,
        endCursor: edges.at(-1)?.cursor ?? null,
      },
    };
  }

  #cursorOf(row: object): string {
    const values = this.#fields.map(([name]) => (row as Record<string, Value>)[name]);
    const json = JSON.stringify(values.map((value) => (value instanceof Date ? value.getTime() : value)));
    return Buffer.from(json).toString('base64url');
  }

  /** What lies behind a cursor, or in front of it. */
  #bound(args: PageArgs, path: 'after' | 'before', behind: boolean): object[] {
    const cursor = args[path];
    if (cursor == null) return [];
    const values = this.#positionOf(cursor, path);
    const strictly = behind === (this.#direction === 'asc') ? 'gt' : 'lt';
    const [[first = ''] = []] = this.#fields;
    // The first condition is implied by the others; it is what an index can begin to read at.
    return [
      { [first]: { [`${strictly}e`]: values[0] } },
      { OR: this.#fields.map((_, index) => this.#after(values, index, strictly)) },
    ];
  }

  /** Equal in the first fields, and strictly behind in the next. */
  #after(values: Value[], index: number, strictly: string): object {
    const equal = this.#fields.slice(0, index).map(([name], at) => [name, values[at]]);
    return { ...Object.fromEntries(equal), [this.#fields[index]?.[0] ?? '']: { [strictly]: values[index] } };
  }

  #positionOf(cursor: string, path: string): Value[] {
    const parsed = parse(cursor);
    const values = this.#fields.map(([, kind], index) => READ[kind]?.(parsed[index]) ?? null);
    if (parsed.length !== values.length || values.includes(null)) {
      throw new InvalidInputError([{ path, message: 'is not a cursor of this list' }]);
    }
    return values as Value[];
  }
}

/** Most lists. */
export const oldestFirst = new Pages({ createdAt: 'time', id: 'text' }, 'asc');

function extentOf({ first, last, before }: PageArgs): { size: number; backward: boolean } {
  for (const [path, size] of Object.entries({ first, last })) {
    if (size != null && size < 0) throw new InvalidInputError([{ path, message: 'must not be negative' }]);
    if (size != null && size > sizes.pageSize) {
      throw new InvalidInputError([{ path, message: `must be at most ${sizes.pageSize}` }]);
    }
  }
  if (first != null && last != null) {
    throw new InvalidInputError([{ path: 'last', message: 'must not be given together with first' }]);
  }
  const backward = last != null || (before != null && first == null);
  return { size: first ?? last ?? Math.min(DEFAULT_PAGE_SIZE, sizes.pageSize), backward };
}

function isWithin(json: unknown, end: number): json is number {
  return Number.isSafeInteger(json) && (json as number) >= 0 && (json as number) < end;
}

function parse(cursor: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}
