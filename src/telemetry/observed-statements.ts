import type { Statements } from '../database/statements.ts';
import { NO_TRACER, type Tracer, traced } from './tracing.ts';

/** The same statements, each with a span under its name; what is in them is told to nobody. */
export function observeStatements(statements: Statements, tracer: Tracer): Statements {
  if (tracer === NO_TRACER) return statements;
  return {
    run: (statement, values) =>
      traced(tracer, statement.name, () => statements.run(statement, values), {
        kind: 'client',
        attributes: { 'db.system.name': 'postgresql', 'db.operation.name': statement.name },
      }),
  };
}
