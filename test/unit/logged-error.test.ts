import { describe, expect, it } from 'vitest';
import { loggedError } from '../../src/telemetry/logged-error.ts';

const SAID = 'what somebody said';

/** An error as a library throws it. */
const errorOf = (name: string, members: object = {}) =>
  Object.assign(new Error(`It is wrong: "${SAID}"\n    at ${SAID}`), { name, ...members });

const quoting: [string, unknown][] = [
  ['JSON.parse', catching(() => JSON.parse(`{"text": ${SAID}`))],
  ['Prisma', errorOf('PrismaClientValidationError')],
  ['PostgreSQL about a value', errorOf('error', { severity: 'ERROR', code: '22P02', detail: SAID })],
  ['PostgreSQL behind Prisma', errorOf('PrismaClientKnownRequestError', { meta: prismaMeta('22P02') })],
  ['Redis', errorOf('ReplyError', { command: { args: [SAID] } })],
  ['the model', errorOf('ModelError', { code: 'MODEL_REJECTED' })],
  ['Node about an argument', catching(() => Buffer.byteLength({ [SAID]: 1 } as never))],
  ['a cause', new Error('It failed', { cause: errorOf('SyntaxError') })],
  ['one of many', new AggregateError([errorOf('SyntaxError')], 'All failed')],
  ['something thrown that is no error', SAID],
];

function catching(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

function prismaMeta(originalCode: string, originalMessage = SAID) {
  return { driverAdapterError: { cause: { originalCode, originalMessage } } };
}

describe('what is logged of an error', () => {
  it.each(quoting)('is nothing of what it quotes, when it comes from %s', (_from, error) => {
    expect(JSON.stringify(loggedError(error))).not.toContain(SAID);
  });

  it('is where it happened', () => {
    const { stack } = loggedError(errorOf('SyntaxError'));
    expect(stack).toMatch(/^ {4}at errorOf \(/);
  });

  it('is the message of errors of our own and of the system', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });
    expect(loggedError(refused)).toMatchObject({ message: refused.message, code: 'ECONNREFUSED' });
  });

  it('is what PostgreSQL says of itself, not of a value', () => {
    const missing = Object.assign(new Error('relation "x" does not exist'), { severity: 'ERROR', code: '42P01' });
    expect(loggedError(missing)).toMatchObject({ message: missing.message, code: '42P01' });
    const meta = prismaMeta('42P01', missing.message);
    expect(loggedError(errorOf('PrismaClientKnownRequestError', { code: 'P2010', meta }))).toMatchObject({
      ...{ message: missing.message, code: 'P2010', sqlState: '42P01' },
    });
  });

  it('ends where causes go in a circle', () => {
    const error = new Error('Round');
    error.cause = error;
    expect(JSON.stringify(loggedError(error)).match(/Round/g)).toHaveLength(6);
  });
});
