import { GraphQLError } from 'graphql';
import type { GraphQLParams, Plugin } from 'graphql-yoga';
import { InvalidInputError } from '../errors.ts';
import { readJsonObject } from './json-body.ts';

const JSON_TYPE = /^application\/(?:graphql\+)?json\s*(?:;|$)/i;

/**
 * Reads the parameters of GraphQL requests (GraphQL over HTTP): JSON in a POST, or the query of a GET. A page elsewhere can send
 * forms and plain text without asking the server first, but no JSON: that is what keeps out requests it forges (CSRF).
 */
export function useStrictRequests(): Plugin {
  return {
    onRequestParse({ request, setRequestParser }) {
      if (request.method === 'GET') setRequestParser(readQuery);
      if (request.method === 'POST') setRequestParser(readBody);
    },
  };
}

async function readBody(request: Request): Promise<GraphQLParams> {
  if (!JSON_TYPE.test(request.headers.get('content-type') ?? '')) {
    throw new GraphQLError('Send the document as JSON, with the header `Content-Type: application/json`.', {
      extensions: { code: 'UNSUPPORTED_MEDIA_TYPE', http: { status: 415 } },
    });
  }
  return readJsonObject(request) as Promise<GraphQLParams>;
}

function readQuery({ url }: Request): GraphQLParams {
  const { query, documentId, operationName, variables, extensions } = Object.fromEntries(new URL(url).searchParams);
  return {
    ...(query && { query }),
    ...(documentId && { documentId }),
    ...(operationName && { operationName }),
    ...(variables && { variables: readParameter('variables', variables) }),
    ...(extensions && { extensions: readParameter('extensions', extensions) }),
  } as GraphQLParams;
}

function readParameter(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidInputError([{ path, message: 'must be JSON' }]);
  }
}
