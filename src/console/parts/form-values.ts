import { RequestError } from '../api/request.ts';

/** What was written into a field, without blanks around it. */
export function written(form: FormData, name: string): string {
  return String(form.get(name) ?? '').trim();
}

/** The same, null for nothing: clears what was there. */
export function writtenOrNull(form: FormData, name: string): string | null {
  return written(form, name) || null;
}

/** The JSON object written into a field, an empty one for nothing; throws a RequestError that names the field. */
export function writtenObject(form: FormData, name: string): Record<string, unknown> {
  const value = written(form, name) === '' ? {} : parsed(form, name);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(name, 'must be a JSON object');
  return value as Record<string, unknown>;
}

/** The JSON written into a field; throws a RequestError that names the field. */
export function parsed(form: FormData, name: string): unknown {
  try {
    return JSON.parse(written(form, name));
  } catch (error) {
    throw wrong(name, `is not valid JSON: ${(error as Error).message}`);
  }
}

function wrong(path: string, message: string): RequestError {
  return new RequestError('INVALID_INPUT', 'The input is not valid.', [{ path, message }]);
}
