import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  executeSubscriptionEvent,
  type GraphQLSchema,
  validateSubscriptionArgs,
} from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import { compileProjection, type EventProjection, type ProjectableEvent } from '../graphql/event-projection.ts';

/** Answers the events of a turn without the executor where the selection allows it. */
export function useEventProjection(): Plugin {
  const known = new WeakMap<DocumentNode, Map<string, EventProjection | null>>();
  const projectionOf = (schema: GraphQLSchema, document: DocumentNode, operationName: string | null | undefined) => {
    const ofDocument = known.get(document) ?? new Map<string, EventProjection | null>();
    known.set(document, ofDocument);
    const name = operationName ?? '';
    let projection = ofDocument.get(name);
    if (projection === undefined) {
      projection = compileProjection(schema, document, operationName);
      ofDocument.set(name, projection);
    }
    return projection;
  };
  return {
    onSubscribe({ args, setSubscribeFn }) {
      const { schema, document, operationName } = args as ExecutionArgs;
      const projection = projectionOf(schema, document, operationName);
      if (projection) setSubscribeFn((given: ExecutionArgs) => subscribe(given, projection));
    },
  };
}

async function subscribe(
  args: ExecutionArgs,
  projection: EventProjection,
): Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>> {
  const validated = validateSubscriptionArgs(args);
  if (!('schema' in validated)) return { errors: validated };
  const events = await createSourceEventStream(validated);
  if (!isAsyncIterable(events)) return events;
  const execute = (event: unknown) => executeSubscriptionEvent({ ...validated, rootValue: event });
  return new EventResults(events as AsyncIterable<ProjectableEvent>, projection, execute);
}

/** The results of the events of a stream. Written by hand: a generator that waits for an event could not be left. */
class EventResults implements AsyncIterableIterator<ExecutionResult> {
  readonly #events: AsyncIterator<ProjectableEvent>;
  readonly #toResult: (next: IteratorResult<ProjectableEvent>) => Next | Promise<Next>;

  constructor(
    events: AsyncIterable<ProjectableEvent>,
    projection: EventProjection,
    execute: (event: ProjectableEvent) => ExecutionResult | Promise<ExecutionResult>,
  ) {
    this.#events = events[Symbol.asyncIterator]();
    this.#toResult = ({ done, value: event }) => {
      if (done) return DONE;
      const value = projection(event);
      return value
        ? { done: false, value }
        : Promise.resolve(execute(event)).then((result) => ({ done: false, value: result }));
    };
  }

  next(): Promise<Next> {
    return this.#events.next().then(this.#toResult);
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    await this.#events.return?.();
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

type Next = IteratorResult<ExecutionResult, undefined>;

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
