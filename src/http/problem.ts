import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { isDatabaseUnavailable } from '../database/unavailable.ts';
import {
  ConflictError,
  DomainError,
  ForbiddenError,
  InvalidInputError,
  LimitExceededError,
  ModelFailedError,
  NotFoundError,
  UnauthenticatedError,
  UnavailableError,
} from '../errors.ts';
import { toSnakeCasePath } from './rest.ts';

const TITLES = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Content Too Large',
  417: 'Expectation Failed',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
} as const;

export type ProblemStatus = keyof typeof TITLES & ContentfulStatusCode;

const STATUSES = [
  [InvalidInputError, 400],
  [UnauthenticatedError, 401],
  [ForbiddenError, 403],
  [NotFoundError, 404],
  [ConflictError, 409],
  [LimitExceededError, 429],
  [ModelFailedError, 502],
  [UnavailableError, 503],
] as const;

/** The registered type of the answers that say so (draft-ietf-httpapi-ratelimit-headers-11). */
const QUOTA_EXCEEDED = 'https://iana.org/assignments/http-problem-types#quota-exceeded';

/** Errors whose code says more than their class. */
const STATUSES_BY_CODE: Record<string, ProblemStatus> = {
  IDEMPOTENCY_KEY_REUSED: 422,
  MODEL_TIMEOUT: 504,
  CONTENT_TOO_LARGE: 413,
  OPERATION_TOO_LARGE: 400,
};

/** The error as callers may see it: what they can act on as it is, everything else masked. */
export function toDomainError(error: unknown): DomainError | null {
  if (error instanceof DomainError) return error;
  return isDatabaseUnavailable(error) ? new UnavailableError('The database is not reachable. Try again later.') : null;
}

/** Problem details (RFC 9457), with `message` added for callers of the older API. */
export function problemBody(error: unknown, status = statusOf(error)): Record<string, unknown> {
  const known = inSnakeCase(toDomainError(error));
  const detail = known?.message ?? 'The server failed. The fault is not yours; trying again may help.';
  return {
    type: status === 429 ? QUOTA_EXCEEDED : 'about:blank',
    title: TITLES[status],
    status,
    detail,
    code: known?.code ?? 'INTERNAL',
    message: detail,
    ...(known instanceof InvalidInputError && { issues: known.issues }),
    ...(known instanceof LimitExceededError && { limit: known.limit }),
    ...(status === 429 && known instanceof LimitExceededError && { 'violated-policies': [known.limit] }),
  };
}

/** The same error, its fields called what the caller of a REST route calls them. */
function inSnakeCase(error: DomainError | null): DomainError | null {
  if (!(error instanceof InvalidInputError)) return error;
  return new InvalidInputError(error.issues.map((issue) => ({ ...issue, path: toSnakeCasePath(issue.path) })));
}

/** The HTTP status of an error. */
export function statusOf(error: unknown): ProblemStatus {
  const known = toDomainError(error);
  if (!known) return 500;
  return STATUSES_BY_CODE[known.code] ?? STATUSES.find(([ErrorClass]) => known instanceof ErrorClass)?.[1] ?? 500;
}

/** What an error says in the header of its answer: how to show credentials, when to try again (RFC 9110; draft-ietf-httpapi-ratelimit-headers-11). */
export function headersOf(error: unknown): Record<string, string> {
  if (error instanceof UnauthenticatedError) return { 'WWW-Authenticate': 'Bearer' };
  if (!(error instanceof LimitExceededError) || error.retryAfterSeconds === null) return {};
  const { limit, retryAfterSeconds } = error;
  return { 'Retry-After': String(retryAfterSeconds), RateLimit: `"${limit}";r=0;t=${retryAfterSeconds}` };
}

/** The error as a response. */
export function problemResponse(error: unknown, status = statusOf(error)): Response {
  const headers = { 'Content-Type': 'application/problem+json', ...headersOf(error) };
  return new Response(JSON.stringify(problemBody(error, status)), { status, headers });
}
