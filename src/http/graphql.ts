import type { ServerResponse } from 'node:http';
import { type DocumentNode, type ExecutionArgs, GraphQLError } from 'graphql';
import { createYoga, isAsyncIterable, type Plugin, type YogaServerInstance } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { Context } from '../context.ts';
import { InvalidInputError, LimitExceededError } from '../errors.ts';
import { schema } from '../graphql/schema.ts';
import type { OperationLimits } from '../limits.ts';
import { useEventProjection } from './event-results.ts';
import { type BlockSource, eventStream, type StreamLimits } from './event-stream.ts';
import { useOperationNames } from './graphql-operations.ts';
import { KnownOperations, type OperationParams, useKnownOperations } from './known-operations.ts';
import { useOperationLimits } from './operation-limits.ts';
import { headersOf, statusOf, toDomainError } from './problem.ts';
import { useStrictRequests } from './strict-requests.ts';

export const GRAPHQL_PATH = '/graphql';

/** What the server hands to a GraphQL request. */
export interface GraphqlRequest {
  /** Checks the credentials; called before anything is executed. Asked again it gives the same. */
  context(): Promise<Context>;
  /** Told what is executed, once it is known to be valid. */
  executes?(operation: string | undefined): void;
  outgoing?: ServerResponse | undefined;
}

/** What operations are given, beside what Yoga keeps for itself. */
interface OwnContext {
  own: Context;
}

export type Graphql = Pick<YogaServerInstance<GraphqlRequest, OwnContext>, 'fetch' | 'getEnveloped'> &
  Pick<KnownOperations, 'documentOf'>;

export interface GraphqlOptions {
  log: Logger;
  streamLimits: StreamLimits;
  limits: OperationLimits;
}

/** Documents that are kept with what was found out about them, by their length in characters: their trees take some forty times as much. */
const KEPT_DOCUMENTS = {
  max: 1000,
  maxSize: 1_000_000,
  sizeCalculation: (_kept: unknown, text: string) => text.length + 100,
};

/** The GraphQL handler; its pipeline serves HTTP, SSE and the WebSocket alike. */
export function createGraphql({ log, streamLimits, limits }: GraphqlOptions): Graphql {
  const operations = new KnownOperations(limits);
  const yoga = createYoga<GraphqlRequest, OwnContext>({
    schema,
    graphqlEndpoint: GRAPHQL_PATH,
    landingPage: false,
    // Cross-origin rules are the same for every route, so the server sets them.
    cors: false,
    logging: false,
    // The pages are the server's too, and so is the bound of a body.
    graphiql: false,
    maxRequestBodySize: false,
    context: async ({ context }) => {
      try {
        return { own: await context() };
      } catch (error) {
        throw toGraphqlError(error, log);
      }
    },
    maskedErrors: { maskError: (error) => toGraphqlError(error, log) },
    extraParamNames: ['documentId'],
    parserAndValidationCache: {
      documentCache: new LRUCache<string, DocumentNode>(KEPT_DOCUMENTS),
      errorCache: new LRUCache<string, Error>(KEPT_DOCUMENTS),
    },
    plugins: [
      useStrictRequests(),
      useCredentials(log),
      useKnownOperations(operations),
      useOperationLimits(limits),
      useEventStream(streamLimits, log),
      useEventProjection(),
      useOperationNames(),
      useOwnContext(),
    ],
  });
  return Object.assign(yoga, { documentOf: (params: OperationParams) => operations.documentOf(params) });
}

/**
 * Gives operations their context as it is. Copied among what Yoga has in its own, it would have so many members that every one of them
 * would be looked up as in a dictionary.
 */
function useOwnContext(): Plugin<OwnContext> {
  const own = (args: ExecutionArgs) => ({ ...args, contextValue: (args.contextValue as OwnContext).own });
  return {
    onExecute: ({ executeFn, setExecuteFn }) => setExecuteFn((args: ExecutionArgs) => executeFn(own(args))),
    onSubscribe: ({ subscribeFn, setSubscribeFn }) => setSubscribeFn((args: ExecutionArgs) => subscribeFn(own(args))),
  };
}

/** Asks for the credentials first: nobody else's document is even read. */
function useCredentials(log: Logger): Plugin<object, GraphqlRequest> {
  return {
    async onParams({ context }) {
      try {
        await (context as unknown as GraphqlRequest).context();
      } catch (error) {
        throw toGraphqlError(error, log);
      }
    },
  };
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
      ...(known instanceof LimitExceededError && { limit: known.limit, retryAfterSeconds: known.retryAfterSeconds }),
      ...(known && !path && { http: { status: statusOf(known), headers: headersOf(known) } }),
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
function useEventStream(limits: StreamLimits, log: Logger): Plugin<object, GraphqlRequest> {
  return {
    onResultProcess({ acceptableMediaTypes, result, setResultProcessor, serverContext }) {
      if (!acceptableMediaTypes.includes('text/event-stream') || !isAsyncIterable(result)) return;
      setResultProcessor(async () => {
        const { credentials, access } = await serverContext.context();
        try {
          return eventStream(new ResultBlocks(result as AsyncIterable<object>), {
            limits,
            outgoing: serverContext.outgoing,
            holdOpen: (end) => credentials.holdOpen(access, end),
          });
        } catch (error) {
          const refusal = toGraphqlError(error, log);
          return Response.json({ errors: [refusal] }, { status: statusOf(error) });
        }
      }, 'text/event-stream');
    },
  };
}

type Block = IteratorResult<string, undefined>;

/** Execution results in the blocks of GraphQL over SSE. */
class ResultBlocks implements BlockSource {
  readonly #results: AsyncIterator<object>;
  #completed = false;

  constructor(results: AsyncIterable<object>) {
    this.#results = results[Symbol.asyncIterator]();
  }

  next(): Promise<Block> {
    return this.#completed
      ? Promise.resolve({ done: true, value: undefined })
      : this.#results.next().then(this.#toBlock);
  }

  readonly #toBlock = ({ done, value }: IteratorResult<object>): Block => {
    if (!done) return { done: false, value: `event: next\ndata: ${JSON.stringify(value)}\n\n` };
    this.#completed = true;
    return { done: false, value: 'event: complete\ndata:\n\n' };
  };

  async return(): Promise<unknown> {
    return this.#results.return?.();
  }
}
