/** What is kept of an error. */
interface LoggedError {
  name: string;
  message?: string;
  code?: string | number;
  /** PostgreSQL's own code, when the error is Prisma's. */
  sqlState?: string;
  stack?: string;
  cause?: LoggedError;
  errors?: LoggedError[];
}

// Links of a chain of causes, and members of an AggregateError: no more than helps.
const MAX_DEPTH = 5;

/**
 * What is logged of an error: drivers hang whole connections and statements on theirs, and quote what people said in its
 * message. So a message is kept only where it is known to speak of the program and not of its data.
 */
export function loggedError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { name: typeof error };
  const code = codeOf(error);
  const message = messageOf(error);
  const sqlState = saidByPostgres(error)?.originalCode;
  const frames = framesOf(error);
  const deeper = depth < MAX_DEPTH;
  return {
    name: error.name,
    ...(message !== undefined && { message }),
    ...(code !== undefined && { code }),
    ...(sqlState !== undefined && { sqlState }),
    ...(frames !== '' && { stack: frames }),
    ...(deeper && error.cause !== undefined && { cause: loggedError(error.cause, depth + 1) }),
    ...(deeper &&
      error instanceof AggregateError && {
        errors: error.errors.slice(0, MAX_DEPTH).map((one) => loggedError(one, depth + 1)),
      }),
  };
}

function codeOf(error: Error): string | number | undefined {
  const code = 'code' in error ? error.code : undefined;
  return typeof code === 'string' || typeof code === 'number' ? code : undefined;
}

/** What PostgreSQL said, inside an error of Prisma. */
function saidByPostgres(error: Error): { originalCode?: string; originalMessage?: string } | undefined {
  return (error as { meta?: { driverAdapterError?: { cause?: { originalCode?: string; originalMessage?: string } } } })
    .meta?.driverAdapterError?.cause;
}

/** Where it happened, without the first lines, which repeat the message. */
function framesOf({ message, stack = '' }: Error): string {
  const behind = stack.indexOf(message);
  const frames = behind === -1 ? stack : stack.slice(behind + message.length);
  return frames
    .split('\n')
    .filter((line) => /^\s+at \S/.test(line))
    .join('\n');
}

// Errors that quote: Prisma its arguments, Redis the command, JSON.parse the text, a model what it was asked.
const QUOTING_NAMES = /^(Prisma|DriverAdapterError|ReplyError|SyntaxError|ModelError|ZodError|GraphQLError)/;
const QUOTING_CODES = /^ERR_INVALID/;
const QUOTING_MESSAGES = /^(Cannot create property|Cannot use 'in' operator)/;
// PostgreSQL's: no connection (08), rolled back (40), not prepared, no such table or column (26, 42), too much (53, 54),
// not now (55), operator intervention (57), system and internal errors (58, XX). Others quote the value that is wrong.
const TELLING_SQL_STATE = /^(08|26|40|42|53|54|55|57|58|XX)\w{3}$/;

function messageOf(error: Error): string | undefined {
  const { originalCode = '', originalMessage } = saidByPostgres(error) ?? {};
  if (TELLING_SQL_STATE.test(originalCode)) return originalMessage;
  const code = String(codeOf(error) ?? '');
  // pg calls its errors `error`; only those that come from the server have a severity.
  if ('severity' in error) return TELLING_SQL_STATE.test(code) ? error.message : undefined;
  const quotes = QUOTING_NAMES.test(error.name) || QUOTING_CODES.test(code) || QUOTING_MESSAGES.test(error.message);
  return quotes ? undefined : error.message;
}
