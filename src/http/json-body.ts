import { DomainError, InvalidInputError } from '../errors.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The JSON object a request carries; an empty body is an empty object. Throws InvalidInputError for anything else. */
export async function readJsonObject(request: Pick<Request, 'arrayBuffer'>): Promise<Record<string, unknown>> {
  const text = await readText(request);
  if (text.trim() === '') return {};
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw bodyFault('The body is not valid JSON.');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw bodyFault('The body must be a JSON object.');
  return body as Record<string, unknown>;
}

/** JSON may be nothing but UTF-8 (RFC 8259); what is not would be stored as something nobody has said. */
async function readText(request: Pick<Request, 'arrayBuffer'>): Promise<string> {
  const bytes = await request.arrayBuffer().catch(failReading);
  try {
    return utf8.decode(bytes);
  } catch {
    throw bodyFault('The body is not valid UTF-8.');
  }
}

/** Rethrows what kept a body from being read; unless it is an error of ours, its sender has gone or took too long. */
export function failReading(error: unknown): never {
  throw error instanceof DomainError ? error : bodyFault('The body ended before it was complete.');
}

function bodyFault(message: string): InvalidInputError {
  return new InvalidInputError([{ path: '', message }]);
}
