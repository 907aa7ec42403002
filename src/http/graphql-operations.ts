import { type DocumentNode, getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';

const MAX_FIELDS = 3;

/** What a valid operation does, by its kind and the schema's own names: `mutation sendMessage`. Nothing of it is the caller's. */
export function describeOperation(document: DocumentNode, operationName?: string | null): string | undefined {
  const operation = getOperationAST(document, operationName);
  const fields = operation?.selectionSet.selections.flatMap((one) => (one.kind === 'Field' ? [one.name.value] : []));
  if (!operation || !fields) return undefined;
  const more = fields.length > MAX_FIELDS ? ', …' : '';
  return `${operation.operation} ${[...new Set(fields)].slice(0, MAX_FIELDS).join(', ')}${more}`;
}

/** Tells the door what is executed, once per operation. */
export function useOperationNames(): Plugin<object, { executes?(operation: string | undefined): void }> {
  const tell = ({
    args,
  }: {
    args: { document: DocumentNode; operationName?: string | null; contextValue: unknown };
  }) => {
    const { executes } = args.contextValue as { executes?(operation: string | undefined): void };
    executes?.(describeOperation(args.document, args.operationName));
  };
  return { onExecute: tell, onSubscribe: tell };
}
