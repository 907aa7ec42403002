/** A statement as Prisma's adapter sends it. */
export interface Statement {
  sql: string;
  args: readonly unknown[];
}

// Every connection keeps every named statement, so there may not be many, and each should be used again.
const MAX_NAMES = 250;
const MAX_PARAMETERS = 64;
const LONG_LIST = /\bIN \((?:\$\d+,\s*){4}/;

/**
 * Names for prepared statements: the same one for the same SQL, an empty one (not prepared) for what varies in length
 * and once `max` names are given.
 */
export function statementNames(max = MAX_NAMES): (statement: Statement) => string {
  const names = new Map<string, string>();
  return ({ sql, args }) => {
    const known = names.get(sql);
    if (known !== undefined) return known;
    if (names.size >= max || args.length > MAX_PARAMETERS || LONG_LIST.test(sql)) return '';
    const name = `s${names.size + 1}`;
    names.set(sql, name);
    return name;
  };
}
