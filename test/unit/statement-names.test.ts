import { describe, expect, it } from 'vitest';
import { statementNames } from '../../src/database/statement-names.ts';

describe('the names of prepared statements', () => {
  const statement = (sql: string, args: unknown[] = []) => ({ sql, args });

  it('gives the same SQL the same name, and other SQL another', () => {
    const nameOf = statementNames();
    const [one, again, two] = ['SELECT 1', 'SELECT 1', 'SELECT 2'].map((sql) => nameOf(statement(sql)));
    expect(again).toBe(one);
    expect(two).not.toBe(one);
  });

  it('leaves long lists and many parameters without a name', () => {
    const nameOf = statementNames();
    expect(nameOf(statement('SELECT a FROM t WHERE a IN ($1,$2,$3,$4,$5)'))).toBe('');
    expect(nameOf(statement('SELECT a FROM t WHERE a IN ($1, $2, $3)'))).not.toBe('');
    expect(nameOf(statement('INSERT INTO t VALUES ($1)', new Array(65)))).toBe('');
  });

  it('gives no more names than it may, and keeps those', () => {
    const nameOf = statementNames(2);
    const names = ['a', 'b', 'c', 'a'].map((sql) => nameOf(statement(sql)));
    expect(names).toEqual(['s1', 's2', '', 's1']);
  });
});
