import { AsyncLocalStorage } from 'node:async_hooks';
import type { TraceContext } from './tracing.ts';

/** What is being worked on, for whom. Every line of the log says so, and spans are parts of its trace. */
export interface Scope {
  requestId?: string | undefined;
  turnId?: string | undefined;
  trace?: TraceContext | undefined;
}

const scopes = new AsyncLocalStorage<Scope>();

/** Does something, and all that it begins, as part of this work. */
export function inScope<Result>(scope: Scope, action: () => Result): Result {
  return scopes.run(scope, action);
}

/** Begins something that goes on for everybody, although one of them happens to begin it. */
export function apart<Result>(action: () => Result): Result {
  return scopes.run({}, action);
}

/** What the caller is part of; empty when it is part of nothing. */
export function currentScope(): Scope {
  return scopes.getStore() ?? {};
}
