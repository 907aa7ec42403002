import { type Document, textOf } from './graphql.ts';
import { apiKey, signOut } from './session.ts';

export const KEY_REFUSED = 'The server refused this API key. It may have been revoked, or have ended.';

/** One wrong field of an input. */
export interface Issue {
  path: string;
  message: string;
}

/** Why something could not be done, in words for people; `code` is the server's, or UNREACHABLE. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly code: string;
  readonly issues: readonly Issue[];

  constructor(code: string, message: string, issues: readonly Issue[] = []) {
    super(message);
    this.code = code;
    this.issues = issues;
  }
}

interface GraphqlAnswer<Data> {
  data?: Data | null;
  errors?: readonly GraphqlFault[];
}

/** An error as GraphQL answers it. */
export interface GraphqlFault {
  message: string;
  extensions?: { code?: unknown; issues?: unknown };
}

/** Runs a query with the key of whoever is signed in; a refused key signs them out. Throws RequestError. */
export async function request<Data, Variables>(
  document: Document<Data, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Data> {
  const key = apiKey.peek();
  try {
    return await requestAs(key ?? '', document, variables, signal);
  } catch (error) {
    // Whoever has signed in with another key meanwhile is left alone.
    if (error instanceof RequestError && error.code === 'UNAUTHENTICATED' && key === apiKey.peek())
      signOut(KEY_REFUSED);
    throw error;
  }
}

/** Runs a query with any credential. Throws RequestError. */
export async function requestAs<Data, Variables>(
  credential: string,
  document: Document<Data, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Data> {
  const answer = await send<Data>(
    {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${credential}` },
      body: JSON.stringify({ query: textOf(document as Document<unknown, never>), variables }),
    },
    signal,
  );
  if (answer.errors?.[0]) throw toRequestError(answer.errors[0]);
  return answer.data as Data;
}

/** An error of the server as it is shown. */
export function toRequestError({ message, extensions: { code, issues } = {} }: GraphqlFault): RequestError {
  const named = Array.isArray(issues) ? (issues as Issue[]) : [];
  return new RequestError(typeof code === 'string' ? code : 'INTERNAL', message, named);
}

/** Runs a mutation whose result is called `result`, and returns its payload; the errors it declares are thrown as RequestError. */
export async function mutate<Result extends object, Variables>(
  document: Document<{ result: Result }, Variables>,
  variables: Variables,
): Promise<Exclude<Result, { code: string }>> {
  const { result } = await request(document, variables);
  if ('code' in result) {
    const { code, message, issues } = result as unknown as { code: string; message: string; issues?: Issue[] };
    throw new RequestError(code, message, issues);
  }
  return result as Exclude<Result, { code: string }>;
}

async function send<Data>(init: RequestInit, signal: AbortSignal | undefined): Promise<GraphqlAnswer<Data>> {
  try {
    const response = await fetch('/graphql', signal ? { ...init, signal } : init);
    return (await response.json()) as GraphqlAnswer<Data>;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new RequestError('UNREACHABLE', 'The server cannot be reached.');
  }
}
