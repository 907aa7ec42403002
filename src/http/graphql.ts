import type { ServerResponse } from 'node:http';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import { GraphQLError } from 'graphql';
import { createYoga, type GraphiQLOptions, isAsyncIterable, type Plugin, type YogaServerInstance } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { Context } from '../context.ts';
import { InvalidInputError } from '../errors.ts';
import { schema } from '../graphql/schema.ts';
import { type BlockSource, eventStream, type StreamLimits } from './event-stream.ts';
import { statusOf, toDomainError } from './problem.ts';

export const GRAPHQL_PATH = '/graphql';

/** What the server hands to a GraphQL request. */
export interface GraphqlRequest {
  /** Checks the credentials; called before anything is executed. */
  context(): Promise<Context>;
  outgoing?: ServerResponse | undefined;
}

export type Graphql = YogaServerInstance<GraphqlRequest, Context>;

const EXPLORER: GraphiQLOptions = {
  title: 'Milepost',
  // Over SSE the headers go along with a subscription; this explorer's WebSocket has no credentials.
  subscriptionsProtocol: 'SSE',
  headers: '{\n  "authorization": "Bearer YOUR_API_KEY"\n}',
  defaultQuery: `# Put your API key into the headers below, then run this.
{
  identity(by: { externalId: "demo" }) {
    name
    stage { key name }
    memory { key value }
    conversations(first: 1) {
      edges { node { id messages(last: 10) { edges { node { role text } } } } }
    }
  }
}
`,
};

/** The GraphQL handler; its pipeline serves HTTP, SSE and the WebSocket alike. */
export function createGraphql(log: Logger, limits: StreamLimits): Graphql {
  return createYoga<GraphqlRequest, Context>({
    schema,
    graphqlEndpoint: GRAPHQL_PATH,
    landingPage: false,
    // Cross-origin rules are the same for every route, so the server sets them.
    cors: false,
    logging: false,
    renderGraphiQL,
    graphiql: EXPLORER,
    context: async ({ context }) => {
      try {
        return await context();
      } catch (error) {
        throw toGraphqlError(error, log);
      }
    },
    maskedErrors: { maskError: (error) => toGraphqlError(error, log) },
    plugins: [useEventStream(limits)],
  });
}

/** The error as clients may see it: what they can act on with its code, everything else masked and logged. */
export function toGraphqlError(error: unknown, log: Logger): GraphQLError {
  const cause = causeOf(error);
  const known = toDomainError(cause);
  // A fault of the document itself: its syntax, its fields, its variables.
  if (!known && error instanceof GraphQLError && cause instanceof GraphQLError) return withoutInternals(error);
  if (!known) log.error({ err: cause }, 'A GraphQL request failed for a reason of our own');
  const { nodes, path } = error instanceof GraphQLError ? error : {};
  return new GraphQLError(known?.message ?? 'The server failed. The fault is not yours; trying again may help.', {
    nodes,
    path,
    extensions: {
      code: known?.code ?? 'INTERNAL',
      ...(known instanceof InvalidInputError && { issues: known.issues }),
      ...(known && !path && { http: { status: statusOf(known) } }),
    },
  });
}

/** A fault of the caller's document or request, without the words of the libraries that found it. */
function withoutInternals({ message, nodes, source, positions, path, extensions }: GraphQLError): GraphQLError {
  const { originalError: _internal, ...rest } = extensions;
  return new GraphQLError(message, { nodes, source, positions, path, extensions: rest });
}

/** What was thrown first: the executor wraps it to say where, sometimes twice. */
function causeOf(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? causeOf(error.originalError) : error;
}

/** Subscriptions over SSE (GraphQL over SSE, distinct connections mode), written like every other event stream here. */
function useEventStream(limits: StreamLimits): Plugin<object, GraphqlRequest> {
  return {
    onResultProcess({ acceptableMediaTypes, result, setResultProcessor, serverContext }) {
      if (!acceptableMediaTypes.includes('text/event-stream') || !isAsyncIterable(result)) return;
      setResultProcessor(
        () =>
          eventStream(new ResultBlocks(result as AsyncIterable<object>), { limits, outgoing: serverContext.outgoing }),
        'text/event-stream',
      );
    },
  };
}

/** Execution results in the blocks of GraphQL over SSE. */
class ResultBlocks implements BlockSource {
  readonly #results: AsyncIterator<object>;
  #completed = false;

  constructor(results: AsyncIterable<object>) {
    this.#results = results[Symbol.asyncIterator]();
  }

  async next(): Promise<IteratorResult<string, unknown>> {
    if (this.#completed) return { done: true, value: undefined };
    const { done, value } = await this.#results.next();
    if (!done) return { done: false, value: `event: next\ndata: ${JSON.stringify(value)}\n\n` };
    this.#completed = true;
    return { done: false, value: 'event: complete\ndata:\n\n' };
  }

  async return(): Promise<unknown> {
    return this.#results.return?.();
  }
}
