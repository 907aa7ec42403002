import type { DocumentDecoration, initGraphQLTada } from 'gql.tada';
import type { introspection } from '../../generated/console/schema.d.ts';

interface Schema {
  introspection: introspection;
  disableMasking: true;
  scalars: { DateTime: string; JSON: unknown; JSONObject: Record<string, unknown> };
}

/** What is really behind a document: its own text and that of each fragment it uses, once. */
interface Text {
  parts: ReadonlySet<string>;
}

/**
 * A typed GraphQL document with the fragments it uses. gql.tada infers its types from the text and takes it for a syntax
 * tree; here it stays text, which is all that travels, so that no parser goes into the page.
 */
export const graphql = ((text: string, fragments: Text[] = []): Text => ({
  parts: new Set([text, ...fragments.flatMap(({ parts }) => [...parts])]),
})) as unknown as initGraphQLTada<Schema>;

/** What every mutation asks of the errors it declares. */
export const FAULT = graphql(`fragment Fault on UserError {
  code message
  ... on InvalidInputError { issues { path message } }
}`);

/** A document whose answer and variables have these types. */
export type Document<Data, Variables> = DocumentDecoration<Data, Variables>;

/** The text of a document as it is sent. */
export function textOf(document: Document<unknown, never>): string {
  return [...(document as unknown as Text).parts].join('\n');
}
