import { ModelError, type ModelErrorCode } from './port.ts';

const LONGEST_QUOTE = 300;

interface Kind {
  code: ModelErrorCode;
  retryable: boolean;
  says: string;
}

/** What an HTTP status other than 2xx means; the detail is the endpoint's own words. */
export function statusFailure(
  status: number,
  detail: { words?: string | undefined; code?: unknown; retryAfterMs?: number | undefined },
): ModelError {
  const { code, retryable, says } = kindOf(status, detail.code);
  const words = quote(detail.words);
  const message = `The model endpoint ${says} (status ${status})${words ? `: ${words}` : '.'}`;
  return new ModelError(code, message, { retryable, retryAfterMs: retryable ? detail.retryAfterMs : undefined });
}

function kindOf(status: number, code: unknown): Kind {
  if (status === 401 || status === 403) {
    return { code: 'MODEL_UNAUTHORIZED', retryable: false, says: 'refused the API key; check OPENAI_API_KEY' };
  }
  if (status === 429 && code === 'insufficient_quota') {
    return {
      code: 'MODEL_RATE_LIMITED',
      retryable: false,
      says: 'has no quota left for this API key; check its billing',
    };
  }
  if (status === 429) return { code: 'MODEL_RATE_LIMITED', retryable: true, says: 'is limiting requests' };
  if (status === 408) return { code: 'MODEL_TIMEOUT', retryable: true, says: 'took too long' };
  if (status >= 500) return { code: 'MODEL_UNAVAILABLE', retryable: true, says: 'failed' };
  if (status === 404) {
    return {
      code: 'MODEL_REJECTED',
      retryable: false,
      says: 'does not know the model or the path; check OPENAI_MODEL and OPENAI_BASE_URL',
    };
  }
  if (status >= 400) return { code: 'MODEL_REJECTED', retryable: false, says: 'rejected the request' };
  return { code: 'MODEL_BAD_RESPONSE', retryable: false, says: 'answered with something else; check OPENAI_BASE_URL' };
}

/** What an `error` inside an answer that began with status 200 means. */
export function streamedFailure(error: unknown, retryable: boolean): ModelError {
  const { words, code, type } = errorParts(error);
  const failure = statusFailure(impliedStatus(code, type), { words, code });
  return retryable || !failure.retryable
    ? failure
    : new ModelError(failure.code, failure.message, { retryable: false });
}

// Endpoints put an HTTP status, a word of OpenAI's, or nothing there.
function impliedStatus(code: unknown, type: unknown): number {
  const status = Number(code);
  if (Number.isInteger(status) && status >= 400 && status <= 599) return status;
  const words = `${code} ${type}`.toLowerCase();
  if (/rate_?limit|quota|too_?many/.test(words)) return 429;
  if (/authentication|permission|api_?key/.test(words)) return 401;
  if (/invalid_?request|bad_?request|context_length|not_?found/.test(words)) return 400;
  return 500;
}

/** The message, code and type of an error body, in the shapes endpoints use. */
export function errorParts(error: unknown): { words: string | undefined; code: unknown; type: unknown } {
  if (typeof error === 'string') return { words: error, code: undefined, type: undefined };
  if (typeof error !== 'object' || error === null) return { words: undefined, code: undefined, type: undefined };
  const { message, detail, code, type } = error as Record<string, unknown>;
  const words = [message, detail].find((value) => typeof value === 'string') as string | undefined;
  return { words: words ?? JSON.stringify(error), code, type };
}

/** A connection that could not be made or broke. */
export function connectionFailure(cause: unknown, spoken: boolean): ModelError {
  const code = systemCode(cause);
  if (spoken) return cutAnswer(false, cause);
  const message = `No connection to the model endpoint${code ? ` (${code})` : ''}; check that it runs and that OPENAI_BASE_URL is right.`;
  return new ModelError('MODEL_UNAVAILABLE', message, { retryable: true, cause });
}

function systemCode(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    if (typeof code === 'string') return code;
  }
  return undefined;
}

/** An answer that ended before its end. */
export function cutAnswer(retryable: boolean, cause?: unknown): ModelError {
  return new ModelError('MODEL_BAD_RESPONSE', 'The model endpoint ended the connection in the middle of its answer.', {
    retryable,
    cause,
  });
}

/** An answer that is no chat completion; says what it was. */
export function badAnswer(was: string): ModelError {
  const message = `The model endpoint sent ${was} instead of a chat completion; check that OPENAI_BASE_URL names an OpenAI-compatible API.`;
  return new ModelError('MODEL_BAD_RESPONSE', message, { retryable: false });
}

/** Silence for longer than was allowed, in milliseconds. */
export function timeoutFailure(silentMs: number, retryable: boolean): ModelError {
  return new ModelError('MODEL_TIMEOUT', `The model endpoint sent nothing for ${silentMs / 1000} seconds.`, {
    retryable,
  });
}

/** How long the headers of a response ask to wait, in milliseconds (RFC 9110 Retry-After, seconds or a date, and OpenAI's retry-after-ms). */
export function retryAfterMs(headers: Headers): number | undefined {
  const exact = headers.get('retry-after-ms');
  if (exact !== null && Number.isFinite(Number(exact))) return Math.max(0, Number(exact));
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const seconds = Number(value);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

/** The same error, should an endpoint have repeated the API key in its words, without it. */
export function withoutKey(error: unknown, apiKey: string | undefined): unknown {
  if (!apiKey || !(error instanceof ModelError) || !error.message.includes(apiKey)) return error;
  const { code, retryable, retryAfterMs: wait } = error;
  return new ModelError(code, error.message.replaceAll(apiKey, '***'), { retryable, retryAfterMs: wait });
}

function quote(words: string | undefined): string {
  const line = words?.replace(/[\s\p{Cc}]+/gu, ' ').trim() ?? '';
  // A gateway's error page helps nobody.
  if (line === '' || line.startsWith('<')) return '';
  return line.length > LONGEST_QUOTE ? `${line.slice(0, LONGEST_QUOTE)}…` : line;
}
