import pg from 'pg';

/** The statements this process sends while `action` runs, BEGIN and COMMIT included: one round trip each. */
export async function statementsOf(action: () => Promise<unknown>): Promise<string[]> {
  const statements: string[] = [];
  const original = pg.Client.prototype.query;
  // Prisma's own query events leave out BEGIN.
  pg.Client.prototype.query = function (this: pg.Client, ...args: [query: string | { text: string }]) {
    statements.push(typeof args[0] === 'string' ? args[0] : args[0].text);
    return Reflect.apply(original, this, args);
  } as typeof original;
  try {
    await action();
  } finally {
    pg.Client.prototype.query = original;
  }
  return statements;
}
