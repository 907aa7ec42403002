import {
  type ASTVisitor,
  type ExecutionArgs,
  GraphQLError,
  getOperationAST,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  parse,
  type ValidationContext,
  validate,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { type Cost, costOf, hasVariableLengths } from '../graphql/cost.ts';
import type { OperationLimits } from '../limits.ts';

/** An operation whose cost depends on its variables. */
const VARIES = Symbol('varies');

/**
 * Refuses operations that ask for too much before anything of them is executed. What an operation is by itself is looked at
 * once and kept with its document; only one whose lists are as long as its variables say is measured each time.
 */
export function useOperationLimits(limits: OperationLimits): Plugin {
  const written = limitsOfText(limits);
  const known = new WeakMap<OperationDefinitionNode, GraphQLError | typeof VARIES | null>();
  const refusalOf = (args: ExecutionArgs): GraphQLError | null => {
    const operation = getOperationAST(args.document, args.operationName);
    if (!operation) return null;
    const before = known.get(operation);
    if (before !== undefined && before !== VARIES) return before;
    const cost = attempt(() => costOf(args));
    if (cost instanceof GraphQLError) return cost;
    // Its variables do not fit, which the executor says. With others it has a cost.
    if (!cost) return null;
    const refusal = tooCostly(limits, cost);
    if (!before) known.set(operation, hasVariableLengths(args.document) ? VARIES : refusal);
    return refusal;
  };
  return {
    onParse({ setParseFn }) {
      setParseFn((source, options) => parseWithin(limits.maxTokens, source, options));
    },
    onValidate({ addValidationRule, setValidationFn }) {
      addValidationRule(written);
      if (!limits.introspection) {
        addValidationRule(NoSchemaIntrospectionCustomRule);
        // A suggestion tells names of the schema, too.
        setValidationFn((schema, document, rules) => validate(schema, document, rules, { hideSuggestions: true }));
      }
      return ({ result }) => result.forEach(forgetWhere);
    },
    onExecute({ args, setResultAndStopExecution }) {
      const refusal = refusalOf(args as ExecutionArgs);
      if (refusal) setResultAndStopExecution({ errors: [refusal] });
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      const refusal = refusalOf(args as ExecutionArgs);
      if (refusal) setResultAndStopExecution({ errors: [refusal] });
    },
  };
}

/** Faults of documents are kept. Where in our code they were found is not: it would keep all that was at work there. */
function forgetWhere(error: unknown): void {
  if (error instanceof Error) error.stack = '';
}

function parseWithin(maxTokens: number, ...[source, options]: Parameters<typeof parse>): ReturnType<typeof parse> {
  try {
    return parse(source, { ...options, maxLexicalTokens: maxTokens });
  } catch (error) {
    forgetWhere(error);
    // Brackets in brackets take up the stack, each of them a little.
    if (error instanceof RangeError) throw tooLarge('nesting', 'The document is nested too deeply to be read.');
    if (!(error instanceof GraphQLError) || !error.message.includes(`more than ${maxTokens} tokens`)) throw error;
    throw tooLarge('tokens', `The document has more than ${maxTokens} tokens.`);
  }
}

/** What a document may not have too much of in its text, as a rule of its validation. */
function limitsOfText({ maxAliases, maxDirectives }: OperationLimits) {
  return function LimitsOfText(context: ValidationContext): ASTVisitor {
    let aliases = 0;
    let directives = 0;
    return {
      Field({ alias }) {
        if (alias) aliases += 1;
        if (alias && aliases === maxAliases + 1) {
          context.reportError(tooLarge('aliases', `The document has more than ${maxAliases} aliases.`));
        }
      },
      Directive() {
        directives += 1;
        if (directives === maxDirectives + 1) {
          context.reportError(tooLarge('directives', `The document has more than ${maxDirectives} directives.`));
        }
      },
    };
  };
}

/** The result, or the error of the caller. */
function attempt<Result>(measure: () => Result): Result | GraphQLError {
  try {
    return measure();
  } catch (error) {
    if (error instanceof GraphQLError) return error;
    throw error;
  }
}

function tooCostly({ maxDepth, maxCost }: OperationLimits, { depth, fields }: Cost): GraphQLError | null {
  if (depth > maxDepth) return tooLarge('depth', `The operation is ${depth} fields deep; ${maxDepth} are allowed.`);
  if (fields <= maxCost) return null;
  return tooLarge('cost', `The answer may have ${fields} fields; ${maxCost} are allowed. Ask for shorter pages.`);
}

function tooLarge(limit: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'OPERATION_TOO_LARGE', limit, http: { status: 400 } } });
}
