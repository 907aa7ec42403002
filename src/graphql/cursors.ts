import { parsePrismaCursor } from '@pothos/plugin-prisma';
import { InvalidInputError } from '../errors.ts';
import { canName } from '../input.ts';

interface PageArgs {
  after?: string | null | undefined;
  before?: string | null | undefined;
}

/**
 * The query of a page whose cursor names a row only if it also has these values: the database would take one of
 * another workspace too, and the page would tell that it exists.
 */
export function ownPage<Query extends { cursor?: object | undefined }>(
  query: Query,
  args: PageArgs,
  visible: Record<string, string>,
): Query {
  return rowAt(args) ? { ...query, cursor: { ...query.cursor, ...visible } } : query;
}

/**
 * The same for a list inside an object: the part of its `where` by which nothing stands behind a cursor that is none
 * of its own. `list` says, starting from a row, that its list has another row.
 */
export function ownCursor<Where extends object>(args: PageArgs, list: (row: { id: string }) => Where): Where | object {
  const row = rowAt(args);
  return row ? list(row) : {};
}

function rowAt({ after, before }: PageArgs): { id: string } | null {
  const path = after == null ? 'before' : 'after';
  const cursor = after ?? before;
  if (cursor == null) return null;
  const parsed = parsePrismaCursor(cursor);
  const id: unknown = Array.isArray(parsed) ? parsed.at(-1) : parsed;
  // Whoever makes one up decides what is in it.
  if (typeof id !== 'string' || !canName({ id })) throw new InvalidInputError([{ path, message: 'is not a cursor' }]);
  return { id };
}
