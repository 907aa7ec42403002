import SchemaBuilder from '@pothos/core';
import ErrorsPlugin from '@pothos/plugin-errors';
import PrismaPlugin from '@pothos/plugin-prisma';
import RelayPlugin from '@pothos/plugin-relay';
import { DateTimeResolver, JSONObjectResolver, JSONResolver } from 'graphql-scalars';
import type { Context } from '../context.ts';
import { ForbiddenError, InvalidInputError } from '../errors.ts';
import type PrismaTypes from '../generated/pothos.ts';
import { getDatamodel } from '../generated/pothos.ts';
import { type Entity, entityOf } from '../ids.ts';
import { sizes } from '../input.ts';
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from './pages.ts';

const PAGE_SIZE = `${DEFAULT_PAGE_SIZE} by default, ${MAX_PAGE_SIZE} at most`;

/** What `node(id:)` looks up; the other entities are found through what they belong to. */
const NODE_TYPES: ReadonlySet<string> = new Set<Entity>([
  'Workspace',
  'Stage',
  'Identity',
  'Worker',
  'Assistant',
  'Channel',
  'Conversation',
  'Message',
  'Turn',
]);

/** The only builder: it defines no type of its own; every feature adds its types to it. */
export const builder = new SchemaBuilder<{
  Context: Context;
  PrismaTypes: PrismaTypes;
  DefaultFieldNullability: false;
  DefaultEdgesNullability: { list: false; items: false };
  DefaultNodeNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date };
    JSON: { Input: unknown; Output: unknown };
    JSONObject: { Input: Record<string, unknown>; Output: unknown };
  };
}>({
  plugins: [ErrorsPlugin, RelayPlugin, PrismaPlugin],
  defaultFieldNullability: false,
  prisma: {
    client: (ctx) => ctx.db,
    dmmf: getDatamodel(),
    onUnusedQuery: null,
  },
  errors: {
    directResult: true,
    defaultTypes: [InvalidInputError, ForbiddenError],
    defaultUnionOptions: {
      name: ({ fieldName }) => `${fieldName.charAt(0).toUpperCase()}${fieldName.slice(1)}Result`,
      description: 'The payload, or one of the errors a caller can act on.',
    },
  },
  relay: {
    clientMutationId: 'omit',
    cursorType: 'String',
    // Ids are the same strings in GraphQL, REST and the database; the prefix names the type.
    encodeGlobalID: (_typename, id) => String(id),
    decodeGlobalID: (id) => ({ typename: entityOf(id) ?? 'Unknown', id }),
    idFieldOptions: { description: 'Prefixed, sortable id; the same string in GraphQL and REST.' },
    nodeTypeOptions: { description: 'Anything that can be looked up by its id alone.' },
    nodeQueryOptions: {
      description: 'Looks anything up by its id; null when it is not there or not visible to these credentials.',
      args: { id: { description: 'The id; its prefix tells what it names.' } },
      resolve: (_root, { id }, _ctx, _info, resolveNode) => (NODE_TYPES.has(id.typename) ? resolveNode(id) : null),
    },
    nodesQueryOptions: {
      description: `Looks several things up by their ids, ${MAX_PAGE_SIZE} at most; null in the place of each that is not there.`,
      args: { ids: { description: 'The ids, in the order of the answer.' } },
      resolve: async (_root, { ids }, _ctx, _info, resolveNodes) => {
        if (ids.length > sizes.pageSize) {
          throw new InvalidInputError([{ path: 'ids', message: `must be at most ${sizes.pageSize}` }]);
        }
        const found = await resolveNodes(ids.filter(({ typename }) => NODE_TYPES.has(typename)));
        return ids.map(({ typename }) => (NODE_TYPES.has(typename) ? found.shift() : null));
      },
    },
    mutationInputArgOptions: { description: 'What to do it with.' },
    pageInfoTypeOptions: { description: 'Where a page lies in its list (Relay cursor connections).' },
    pageInfoFieldOptions: { description: 'Where this page lies in the list.' },
    hasNextPageFieldOptions: { description: 'Whether there are items after this page.' },
    hasPreviousPageFieldOptions: { description: 'Whether there are items before this page.' },
    startCursorFieldOptions: { description: 'Cursor of the first item; null on an empty page.' },
    endCursorFieldOptions: { description: 'Cursor of the last item; null on an empty page.' },
    edgesFieldOptions: {
      nullable: { list: false, items: false },
      description: 'The items of this page, each with its cursor.',
    },
    nodeFieldOptions: { nullable: false, description: 'The item itself.' },
    cursorFieldOptions: { description: 'Position of this item in the list, for `after` and `before`.' },
    firstArgOptions: { description: `How many items to take from the beginning, ${PAGE_SIZE}.` },
    lastArgOptions: { description: `How many items to take from the end, ${PAGE_SIZE}.` },
    afterArgOptions: { description: 'Take items behind this cursor only.' },
    beforeArgOptions: { description: 'Take items in front of this cursor only.' },
  },
});

builder.addScalarType('DateTime', DateTimeResolver, {
  description: 'An instant in UTC, ISO 8601, such as 2026-01-31T12:00:00.000Z.',
});
builder.addScalarType('JSON', JSONResolver, { description: 'Any JSON value.' });
builder.addScalarType('JSONObject', JSONObjectResolver, { description: 'A JSON object of at most 16,384 characters.' });

builder.queryType({ description: 'Everything that can be read.' });
builder.mutationType({ description: 'Everything that can be changed. Needs the write permission.' });
builder.subscriptionType({
  description: 'Everything that can be followed, over WebSocket (graphql-transport-ws) or SSE.',
});
