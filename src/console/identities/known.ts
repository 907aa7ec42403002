import type { ResultOf } from 'gql.tada';
import type { IDENTITY } from './documents.ts';

/** Everything a page shows about one identity. */
export type Known = NonNullable<ResultOf<typeof IDENTITY>['identity']>;

/** What people call somebody. */
export function calledBy({
  id,
  name,
  externalId,
}: {
  id: string;
  name: string | null;
  externalId: string | null;
}): string {
  return name ?? externalId ?? id;
}
