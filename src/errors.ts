/** What a caller can act on. Everything else that is thrown is a bug: logged, and masked at the door. */
export class DomainError extends Error {
  override readonly name: string = 'DomainError';
  /** A stable, machine-readable word, such as NOT_FOUND. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** It does not exist, or belongs to another workspace: the two answer alike. */
export class NotFoundError extends DomainError {
  override readonly name = 'NotFoundError';

  constructor(message: string) {
    super('NOT_FOUND', message);
  }
}

/** One field that was wrong: its path in the caller's input, dotted, and what is expected of it. */
export interface InputIssue {
  path: string;
  message: string;
}

/** The input is wrong and sending it again will not help. Names every wrong field. */
export class InvalidInputError extends DomainError {
  override readonly name = 'InvalidInputError';
  readonly issues: InputIssue[];

  constructor(issues: InputIssue[]) {
    super('INVALID_INPUT', issues.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; '));
    this.issues = issues;
  }
}

/** The input is right, but the present state does not allow it. */
export class ConflictError extends DomainError {
  override readonly name = 'ConflictError';

  constructor(message: string, code = 'CONFLICT') {
    super(code, message);
  }
}

/** No credentials, or credentials that open nothing. */
export class UnauthenticatedError extends DomainError {
  override readonly name = 'UnauthenticatedError';

  constructor(message: string) {
    super('UNAUTHENTICATED', message);
  }
}

/** The credentials are good, but do not allow this. */
export class ForbiddenError extends DomainError {
  override readonly name = 'ForbiddenError';

  constructor(message: string) {
    super('FORBIDDEN', message);
  }
}

/** Too much or too often. */
export class LimitExceededError extends DomainError {
  override readonly name = 'LimitExceededError';
  /** A stable word for what was exceeded, such as turns-per-key. */
  readonly limit: string;
  /** When it can be tried again; null: trying again will not help. */
  readonly retryAfterSeconds: number | null;

  constructor(
    limit: string,
    message: string,
    { code = 'LIMIT_EXCEEDED', retryAfterSeconds = null }: { code?: string; retryAfterSeconds?: number | null } = {},
  ) {
    super(code, message);
    this.limit = limit;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The server cannot do it now; later it can. */
export class UnavailableError extends DomainError {
  override readonly name = 'UnavailableError';

  constructor(message: string) {
    super('UNAVAILABLE', message);
  }
}

/** The language model gave no whole answer; the message it was asked is kept. Which failure it was is in the code. */
export class ModelFailedError extends DomainError {
  override readonly name = 'ModelFailedError';
}
